"""What casework decides, without any input or output: (facts, now) → a decision, or Refused with a sentence."""
