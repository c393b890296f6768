"""One function for each thing done in outreach, by noun: planning, visiting, reporting, staffing, watching, ending."""
