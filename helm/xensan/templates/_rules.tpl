{{/* What the operator does with the objects it serves, in one namespace or in all. */}}
{{- define "xensan.operatorRules" -}}
- apiGroups: [xensan.dev]
  resources: [aoeservers, aoevolumes, xenhosts]
  # patch: the clean-up finalizer.
  verbs: [get, list, watch, patch]
- apiGroups: [xensan.dev]
  resources: [aoeservers/status, aoevolumes/status, xenhosts/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [secrets]
  {{- with .Values.rbac.secretNames }}
  resourceNames: {{ toYaml . | nindent 4 }}
  {{- end }}
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
