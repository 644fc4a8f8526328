"""A flow runner as a Job of Kubernetes.

`jobs` is the backend, `manifest` what it makes, `pods` what is seen of that, and `cluster` the only
module that knows the client.
"""
