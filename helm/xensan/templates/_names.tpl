{{- define "xensan.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "xensan.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "xensan.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "xensan.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "xensan.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "xensan.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "xensan.selectorLabels" -}}
app.kubernetes.io/name: {{ include "xensan.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "xensan.labels" -}}
{{ include "xensan.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The addresses that the operator may connect to, as a JSON list: never empty, because an empty list would be no limit. */}}
{{- define "xensan.allowAddresses" -}}
{{- if not .Values.allowAddresses -}}
{{- fail "allowAddresses is required: a list of CIDR blocks, IP addresses and host names that the operator may connect to, or the word Any for every address" -}}
{{- end -}}
{{- kindIs "string" .Values.allowAddresses | ternary (list .Values.allowAddresses) .Values.allowAddresses | toJson -}}
{{- end -}}

{{- define "xensan.image" -}}
{{- with .Values.image -}}
{{- .digest | empty | ternary (printf "%s:%s" .repository (.tag | default $.Chart.AppVersion)) (printf "%s@%s" .repository .digest) | quote -}}
{{- end -}}
{{- end -}}

{{- define "xensan.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Labels of monitors and rules: the chart's own, and those by which a Prometheus selects them. */}}
{{- define "xensan.monitorLabels" -}}
{{ include "xensan.labels" .root }}
{{- with .labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels of the `helm test` pod. They differ from the operator's, so that its Service does not select this pod. */}}
{{- define "xensan.testLabels" -}}
app.kubernetes.io/name: {{ include "xensan.name" . | trunc 58 }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
