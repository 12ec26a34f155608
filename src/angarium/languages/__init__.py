"""What servers say to users, in their languages: catalogues of texts, and which language a client means.

Each front end has the catalogues of what it says. English is not among them: its texts stand where they are said, and
are the keys of all others.
"""

from angarium.languages.language import Catalogue, Language, make_language
from angarium.languages.lookup import I_DEFAULT, RangeInvalid, choose_tag

__all__ = ["I_DEFAULT", "Catalogue", "Language", "RangeInvalid", "choose_tag", "make_language"]
