"""The JSON API of intake, by noun. Whoever asks gets what their post may see; what they may not see is not there."""

from services.intake.api import consents, households, names, protection

routers = (households.router, consents.router, protection.router, names.router)
