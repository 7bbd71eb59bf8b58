"""Kernels for a GPU, in Triton; imported only where the GPU's way of training is taken.

Each is a torch operator of its own (``torch.library``), so that shapes follow without running it.
With TRITON_INTERPRET=1 Triton runs them on a processor, slowly, which is how they are tested where
there is no GPU.
"""
