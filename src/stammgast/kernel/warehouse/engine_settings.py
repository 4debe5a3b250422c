"""The engine's configuration: caps, grants and durable inserts, written as the XML chDB reads at its start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from stammgast.kernel.warehouse.options import MIB, READER_DATABASE, WarehouseOptions

_MEMORY_BYTES_MIN = 512 * MIB
_ENGINES = (
    "MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree", "CollapsingMergeTree",
    "VersionedCollapsingMergeTree", "Memory", "Null", "Join", "Set", "Buffer", "View", "MaterializedView", "Dictionary",
)  # fmt: skip
_OWNER_RIGHTS = (
    "SELECT", "INSERT", "ALTER", "CREATE", "DROP", "UNDROP TABLE", "TRUNCATE", "OPTIMIZE", "CHECK", "SHOW",
    "KILL QUERY", "dictGet", "SET DEFINER", "SYSTEM RELOAD", "SYSTEM FLUSH", "SYSTEM DROP CACHE", "SYSTEM MERGES",
    "SYSTEM TTL MERGES", "SYSTEM CLEANUP", "SYSTEM VIEWS", "SYSTEM JEMALLOC",
)  # fmt: skip


def write_engine_settings(options: WarehouseOptions) -> Path:
    """Write the configuration under the warehouse's directory and return the main file's path."""
    directory = options.directory
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    users = directory / "users.xml"
    _replace(users, _users_xml(options))
    main = directory / "engine.xml"
    _replace(main, _engine_xml(options, users))
    return main


def memory_bytes(options: WarehouseOptions) -> int:
    """Return the cap for the whole process in bytes: the fraction of the machine's or the container's memory."""
    return max(_MEMORY_BYTES_MIN, int(_memory_of_machine() * options.memory_fraction))


def _memory_of_machine() -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(limit).read_text()))
        except (OSError, ValueError):
            continue
    return total


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def _engine_xml(options: WarehouseOptions, users: Path) -> str:
    # The pools are sized for a machine of two cores that shares them with two other processes; the caches for a
    # history of some ten million events. Without these caps the mark cache alone may grow to 5 GB.
    values = {
        "users_config": str(users),
        "max_server_memory_usage": memory_bytes(options),
        "mark_cache_size": 64 * MIB,
        "primary_index_cache_size": 32 * MIB,
        "index_mark_cache_size": 8 * MIB,
        "index_uncompressed_cache_size": 0,
        "uncompressed_cache_size": 0,
        "query_condition_cache_size": 8 * MIB,
        "mmap_cache_size": 64,
        "compiled_expression_cache_size": 16 * MIB,
        "vector_similarity_index_cache_size": 0,
        "background_pool_size": 2,
        "background_merges_mutations_concurrency_ratio": 2,
        "background_schedule_pool_size": 4,
        "background_move_pool_size": 1,
        "background_fetches_pool_size": 1,
        "background_common_pool_size": 2,
        "background_buffer_flush_schedule_pool_size": 1,
        "background_message_broker_schedule_pool_size": 1,
        "background_distributed_schedule_pool_size": 1,
        "max_thread_pool_free_size": 8,
        "max_io_thread_pool_free_size": 2,
        "max_concurrent_queries": 64,
        "async_insert_threads": 1,
        "dictionaries_lazy_load": "true",
        "user_scripts_path": str(options.directory / "no_scripts"),
        "user_files_path": str(options.directory / "no_files"),
    }
    # Inserts that were answered survive a kill and a power cut; parts stay few enough for two merging threads.
    merge_tree = {
        "fsync_after_insert": 1,
        "fsync_part_directory": 1,
        "number_of_free_entries_in_pool_to_execute_mutation": 1,
        "number_of_free_entries_in_pool_to_lower_max_size_of_merge": 1,
        "number_of_free_entries_in_pool_to_execute_optimize_entire_partition": 1,
        "merge_selector_algorithm": "Simple",
        "max_bytes_to_merge_at_max_space_in_pool": 16 * 1024 * MIB,
    }
    query_cache = {"max_size_in_bytes": 8 * MIB}
    inner = _elements(values) + _section("merge_tree", merge_tree) + _section("query_cache", query_cache)
    return f"<clickhouse>\n{inner}</clickhouse>\n"


def _users_xml(options: WarehouseOptions) -> str:
    query_memory = options.query_memory_max or memory_bytes(options) // 2
    profile = {
        "max_memory_usage": query_memory,
        "max_execution_time": options.query_seconds_max,
        "max_bytes_before_external_group_by": query_memory // 2,
        "max_bytes_before_external_sort": query_memory // 2,
        "allow_introspection_functions": 0,
        "implicit_select": 0,
        "date_time_output_format": "simple",
    }
    fixed = "".join(
        f"<{name}><max>{value}</max></{name}>" for name, value in (("max_memory_usage", query_memory),)
    ) + "".join(f"<{name}><readonly/></{name}>" for name in ("dialect", "allow_introspection_functions"))
    reader = f"<query>GRANT SELECT, SHOW, dictGet ON {READER_DATABASE}.*</query>"
    return (
        f"<clickhouse><profiles><default>\n{_elements(profile)}<constraints>{fixed}</constraints>"
        "</default></profiles><quotas><default/></quotas>\n"
        f"<roles><owner><grants>{_owner_grants()}</grants></owner><reader><grants>{reader}</grants></reader></roles>\n"
        "<users><default><password></password><networks><ip>::/0</ip></networks>"
        "<profile>default</profile><quota>default</quota>"
        "<grants><query>GRANT owner</query><query>GRANT reader</query></grants></default></users></clickhouse>\n"
    )


def _owner_grants() -> str:
    queries = [f"GRANT {right} ON *.*" for right in _OWNER_RIGHTS]
    queries += [f"GRANT TABLE ENGINE ON {engine}" for engine in _ENGINES]
    return "".join(f"<query>{query}</query>" for query in queries)


def _section(name: str, values: Mapping[str, object]) -> str:
    return f"<{name}>\n{_elements(values)}</{name}>\n"


def _elements(values: Mapping[str, object]) -> str:
    return "".join(f"<{name}>{escape(str(value))}</{name}>\n" for name, value in values.items())
