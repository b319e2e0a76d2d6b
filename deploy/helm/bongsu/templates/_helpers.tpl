{{- define "bongsu.labels" -}}
app.kubernetes.io/name: bongsu
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
{{- define "bongsu.selector" -}}
app.kubernetes.io/name: bongsu
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
