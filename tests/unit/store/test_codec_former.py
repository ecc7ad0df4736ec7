"""What former versions stored is read by this one."""

from __future__ import annotations

from entra_sim.simulator.model.log import ModifiedProperty
from entra_sim.simulator.store.codec import from_text
from entra_sim.simulator.store.codec import to_text


def test_a_modified_property_is_stored_by_the_names_of_its_parts() -> None:
    stored = '{"display_name":"title","old_value":null,"new_value":"CTO"}'
    kept = from_text(ModifiedProperty, stored)
    assert kept == ModifiedProperty("title", None, "CTO")
    assert to_text(kept) == stored
