"""A folded MACE on a device of torch's; these files need torch, and `fused` needs Triton."""
