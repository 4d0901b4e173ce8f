{{/*
Checks the cluster before this chart is installed or upgraded. `helm template` has no cluster, so it reports no
problems.
*/}}
{{- define "xensan.checks" -}}
{{- if .Values.crds.check -}}
{{- $release := printf "%s/%s" .Release.Namespace .Release.Name -}}
{{- range include "xensan.definitions" . | fromJsonArray -}}
{{- $definition := . -}}
{{- $found := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" .name -}}
{{- if $found -}}
{{- if $.Values.crds.enabled -}}
{{- $annotations := $found.metadata.annotations | default dict -}}
{{- $owner := printf "%s/%s" (get $annotations "meta.helm.sh/release-namespace") (get $annotations "meta.helm.sh/release-name") -}}
{{- if not (has $owner (list $release "/")) -}}
{{- fail (printf "the CustomResourceDefinition %s belongs to the release %s: set crds.enabled=false for this release; if release %s no longer exists, set crds.check=false and use --take-ownership" .name $owner $owner) -}}
{{- end -}}
{{- range dig "status" "storedVersions" (list) $found -}}
{{- if not (has . $definition.versions) -}}
{{- fail (printf "objects of %s may be stored in version %s, which this chart does not have (it has %s): first upgrade to a chart that has both versions, rewrite every object, and remove %s from status.storedVersions" $definition.name . (join ", " $definition.versions) .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- else if and (not $.Values.crds.enabled) (lookup "v1" "Namespace" "" "kube-system") -}}
{{- fail (printf "the CustomResourceDefinition %s is missing and crds.enabled is false: set crds.enabled=true, or apply the definitions of this release first" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
