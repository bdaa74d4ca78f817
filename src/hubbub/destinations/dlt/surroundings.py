"""What dlt knows of its surroundings: the settings of destinations, out of the environment, and no
others.

Left alone it heeds any variable whose name is one of its settings, such as DEV_MODE, and files in
the folder where one happens to stand. Such can rename a dataset, take failed loads for done, and
send reports of errors to somebody.
"""

from importlib import import_module
from typing import Any

_OURS: dict[str, Any] = {
    "runtime": {
        "dlthub_telemetry": False,
        "log_level": "CRITICAL",  # its warnings quote rows
    },
    "intercept_signals": False,  # else a Ctrl-C waits until all has been sent
    "restore_from_destination": False,
    "load": {"raise_on_failed_jobs": True, "workers": 8},
    "normalize": {"data_writer": {"disable_compression": True}},  # it takes half of all time
}


class Credentials:
    """Whether any of a destination were found."""

    are_found = False


def set_up() -> Credentials:
    """Give dlt these surroundings from now on."""
    providers: Any = import_module("dlt.common.configuration.providers")
    documents: Any = import_module("dlt.common.configuration.providers.doc")
    container: Any = import_module("dlt.common.configuration.container")
    pluggable: Any = import_module("dlt.common.configuration.specs.pluggable_run_context")
    contexts: Any = import_module("dlt.common.runtime.run_context")
    found = Credentials()

    environment = providers.EnvironProvider()

    class OfDestinations(providers.EnvironProvider):
        """Variables that begin with DESTINATION__."""

        def get_value(
            self, key: str, hint: Any, pipeline_name: str | None, *sections: str
        ) -> tuple[Any, str]:
            if pipeline_name or sections[:1] != ("destination",):
                return None, self.get_key_name(key, *sections)
            told: tuple[Any, str] = environment.get_value(key, hint, pipeline_name, *sections)
            if "credentials" in (*sections, key):
                found.are_found |= told[0] is not None
            return told

    class Surroundings(contexts.RunContext):
        def initial_providers(self) -> list[Any]:
            ours = documents.CustomLoaderDocProvider("Hubbub", lambda: _OURS)
            return [ours, OfDestinations()]

    container.Container()[pluggable.PluggableRunContext] = pluggable.PluggableRunContext(
        Surroundings(None)
    )
    return found
