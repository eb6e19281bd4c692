"""The methods that HyperGAN is compared with, each a :class:`hypergan.posterior.Posterior`."""
