//! SQLite: the rows of the model, search, quarantine.
