"""Speed and memory, measured against what people would write instead."""
