"""The fused MACE in Triton."""
