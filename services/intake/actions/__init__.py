"""What people do with households, one function for each thing done: load, ask the rules, save, state the fact."""
