"""The fused linear ACE in Triton."""
