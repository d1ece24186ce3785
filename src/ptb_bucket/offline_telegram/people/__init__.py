"""The people who talk to the bot, and the business accounts that it answers for."""

from ptb_bucket.offline_telegram.people.business import BusinessAccount
from ptb_bucket.offline_telegram.people.person import Person
from ptb_bucket.offline_telegram.people.status import upgrade
from ptb_bucket.offline_telegram.people.writing import PersonUpdates

__all__ = ["BusinessAccount", "Person", "PersonUpdates", "upgrade"]
