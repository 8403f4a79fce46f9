from . import chain, substitutes, voting
