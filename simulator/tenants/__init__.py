"""Tenants: a directory as a value, read from and written to files, made up, compared, pseudonymised.

Reads and writes files; knows no store, no clock. Chance lives in `synthesis` alone, seeded by the caller.
"""

from entra_sim.simulator.tenants.demo import demo_tenant as demo_tenant
from entra_sim.simulator.tenants.differences import Change as Change
from entra_sim.simulator.tenants.differences import Difference as Difference
from entra_sim.simulator.tenants.differences import Subject as Subject
from entra_sim.simulator.tenants.differences import differences as differences
from entra_sim.simulator.tenants.merging import laid_over as laid_over
from entra_sim.simulator.tenants.problems import DirectoryFileError as DirectoryFileError
from entra_sim.simulator.tenants.problems import Place as Place
from entra_sim.simulator.tenants.problems import Problem as Problem
from entra_sim.simulator.tenants.pseudonyms import pseudonymise as pseudonymise
from entra_sim.simulator.tenants.reading import ReadReport as ReadReport
from entra_sim.simulator.tenants.reading import read_directory as read_directory
from entra_sim.simulator.tenants.reading import read_report as read_report
from entra_sim.simulator.tenants.records import AssignmentRecord as AssignmentRecord
from entra_sim.simulator.tenants.records import DirectoryImage as DirectoryImage
from entra_sim.simulator.tenants.records import GroupRecord as GroupRecord
from entra_sim.simulator.tenants.records import UserRecord as UserRecord
from entra_sim.simulator.tenants.summary import Summary as Summary
from entra_sim.simulator.tenants.summary import summarise as summarise
from entra_sim.simulator.tenants.synthesis import seeded_ids as seeded_ids
from entra_sim.simulator.tenants.synthesis import synthesize as synthesize
from entra_sim.simulator.tenants.writing import Format as Format
from entra_sim.simulator.tenants.writing import write_directory as write_directory
