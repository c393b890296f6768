"""What people do in casework: load, ask the rules, save, state the fact. One module a noun."""
