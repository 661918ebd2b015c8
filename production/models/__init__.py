from production.models.floor import TimeSegment
from production.models.imports import ImportRow, MasterImport
from production.models.master import (
    CandidateCentre,
    Downtime,
    ExtraShift,
    OperationMaterial,
    RoutingLink,
    RoutingOperation,
    WorkCentre,
)
from production.models.plan import Assessment, Operation, Plan
from production.models.slip import Slip

__all__ = [
    "Assessment",
    "CandidateCentre",
    "Downtime",
    "ExtraShift",
    "ImportRow",
    "MasterImport",
    "Operation",
    "OperationMaterial",
    "Plan",
    "RoutingLink",
    "RoutingOperation",
    "Slip",
    "TimeSegment",
    "WorkCentre",
]
