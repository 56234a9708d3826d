//! One node: the model wired to store and net.
