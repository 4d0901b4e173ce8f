{{/* Generated from src/api by "npm run generate". Do not edit. */}}
{{- define "xensan.definitions" -}}
[
  {
    "name": "aoeservers.xensan.dev",
    "versions": [
      "v1alpha1"
    ]
  },
  {
    "name": "aoevolumes.xensan.dev",
    "versions": [
      "v1alpha1"
    ]
  },
  {
    "name": "xenhosts.xensan.dev",
    "versions": [
      "v1alpha1"
    ]
  },
  {
    "name": "ocfs2clusters.xensan.dev",
    "versions": [
      "v1alpha1"
    ]
  },
  {
    "name": "xendomains.xensan.dev",
    "versions": [
      "v1alpha1"
    ]
  },
  {
    "name": "xenmigrations.xensan.dev",
    "versions": [
      "v1alpha1"
    ]
  }
]
{{- end -}}
