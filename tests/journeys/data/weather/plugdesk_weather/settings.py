from dataclasses import dataclass

from plugdesk.api import Secret, option
from plugdesk.api import lazy_gettext as _


@dataclass(frozen=True)
class WeatherSettings:
    key: Secret = option(label=_("Key"))
    place: str = option("Berlin", label=_("Place"), most=100)
