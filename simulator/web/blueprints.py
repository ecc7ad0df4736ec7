"""Every part of the web face."""

from __future__ import annotations

from flask import Blueprint

from entra_sim.simulator.web import frame
from entra_sim.simulator.web import routes_about
from entra_sim.simulator.web import routes_apps
from entra_sim.simulator.web import routes_assignments
from entra_sim.simulator.web import routes_audit
from entra_sim.simulator.web import routes_clock
from entra_sim.simulator.web import routes_compare
from entra_sim.simulator.web import routes_expressions
from entra_sim.simulator.web import routes_groups
from entra_sim.simulator.web import routes_home
from entra_sim.simulator.web import routes_import
from entra_sim.simulator.web import routes_lab
from entra_sim.simulator.web import routes_lab_clock
from entra_sim.simulator.web import routes_logs
from entra_sim.simulator.web import routes_mappings
from entra_sim.simulator.web import routes_newer
from entra_sim.simulator.web import routes_on_demand
from entra_sim.simulator.web import routes_overview
from entra_sim.simulator.web import routes_provisioning
from entra_sim.simulator.web import routes_requests
from entra_sim.simulator.web import routes_scenarios
from entra_sim.simulator.web import routes_schema
from entra_sim.simulator.web import routes_scope
from entra_sim.simulator.web import routes_sign_in
from entra_sim.simulator.web import routes_steps
from entra_sim.simulator.web import routes_timeline
from entra_sim.simulator.web import routes_tutorial
from entra_sim.simulator.web import routes_twins
from entra_sim.simulator.web import routes_users

BLUEPRINTS: tuple[Blueprint, ...] = (
    frame.blueprint,
    routes_sign_in.blueprint,
    routes_home.blueprint,
    routes_apps.blueprint,
    routes_assignments.blueprint,
    routes_overview.blueprint,
    routes_provisioning.blueprint,
    routes_newer.blueprint,
    routes_mappings.blueprint,
    routes_scope.blueprint,
    routes_schema.blueprint,
    routes_expressions.blueprint,
    routes_on_demand.blueprint,
    routes_logs.blueprint,
    routes_audit.blueprint,
    routes_users.blueprint,
    routes_groups.blueprint,
    routes_lab_clock.blueprint,
    routes_tutorial.blueprint,
    routes_requests.blueprint,
    routes_timeline.blueprint,
    routes_compare.blueprint,
    routes_compare.why,
    routes_scenarios.blueprint,
    routes_about.blueprint,
    routes_twins.blueprint,
    routes_clock.blueprint,
    routes_import.blueprint,
    routes_lab.blueprint,
    routes_steps.blueprint,
)
