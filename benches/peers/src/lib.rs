//! omnilane beside its peers: each bench measures both in one run.
