"""Publishes a workspace's tables and metrics to a warehouse: what is new, changed and gone."""

import hashlib
import json
import secrets
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubbub.core.discovery import parts
from hubbub.core.instants import begin_of
from hubbub.core.tables import PUBLISHED, TABLES, Table
from hubbub.core.warehouse import Change, Field, Kind, Shape, Shown, Warehouse, shape_of
from hubbub.destinations import warehouses
from hubbub.destinations.files import FORMS
from hubbub.errors import HubbubError, UsageError
from hubbub.flows.auditing import audited, audited_run
from hubbub.flows.packs import packs_in_use
from hubbub.flows.workspace import (
    keys_of,
    made,
    refuse_single_members,
    scratch_folder,
    smallest_group,
    sole,
)
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import SUPPRESSED, Metric
from hubbub.metrics.run import Runner
from hubbub.metrics.small_groups import TooFewMembers, is_guarded
from hubbub.privacy.audit import Plain
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.comparing import Compared, Comparison
from hubbub.stores.publications import Publication, State

if TYPE_CHECKING:
    import duckdb
