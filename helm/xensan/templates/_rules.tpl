{{/* What the operator does with the objects it serves, in one namespace or in all. */}}
{{- define "xensan.operatorRules" -}}
- apiGroups: [xensan.dev]
  resources: [aoeservers, aoevolumes, xenhosts, ocfs2clusters, xendomains, xenmigrations]
  # patch: the clean-up finalizer.
  verbs: [get, list, watch, patch]
- apiGroups: [xensan.dev]
  resources:
    [aoeservers/status, aoevolumes/status, xenhosts/status, ocfs2clusters/status, xendomains/status, xenmigrations/status]
  verbs: [patch]
- apiGroups: [xensan.dev]
  resources: [xenmigrations]
  # A drain makes them and withdraws them; finished ones are cleaned up.
  verbs: [create, delete]
- apiGroups: [""]
  resources: [secrets]
  # SSH keys. A rotated key is picked up from the watch. patch: the finalizer xensan.dev/in-use, and nothing else: the
  # ValidatingAdmissionPolicy <release>-secrets refuses any other change.
  verbs: [get, list, watch, patch]
# The Lease by which one operator, and not two, serves a namespace. A name cannot bound a creation.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [xensan-claim]
  verbs: [get, update]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
