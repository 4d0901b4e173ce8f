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
  # A drain creates and deletes them; finished ones are removed.
  verbs: [create, delete]
- apiGroups: [""]
  resources: [secrets]
  # SSH keys; the watch delivers rotated ones. patch: only for the finalizer xensan.dev/in-use; the
  # ValidatingAdmissionPolicy <release>-secrets refuses any other change.
  verbs: [get, list, watch, patch]
# The Lease that ensures that only one operator serves a namespace. RBAC cannot limit create to a name.
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
