"""SQL text as tokens and as a tree: what is needed to recognise, mend, judge and show statements."""
