{{/* Names, labels and the parts that both pods share. */}}

{{- define "anneal.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "anneal.worker" -}}{{ include "anneal.fullname" . }}-worker{{- end -}}
{{- define "anneal.console" -}}{{ include "anneal.fullname" . }}-console{{- end -}}
{{- define "anneal.codec" -}}{{ include "anneal.fullname" . }}-codec{{- end -}}
{{- define "anneal.gateway" -}}{{ include "anneal.fullname" . }}-gateway{{- end -}}

{{- define "anneal.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: anneal
{{- end -}}

{{/* Takes (list . "worker"): by these, Services and network policies find the pods. */}}
{{- define "anneal.selector" -}}
{{- $ := index . 0 -}}
app.kubernetes.io/name: {{ printf "anneal-%s" (index . 1) }}
app.kubernetes.io/instance: {{ $.Release.Name }}
app.kubernetes.io/part-of: anneal
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Takes (list . "worker"). */}}
{{- define "anneal.image" -}}
{{- $ := index . 0 -}}
{{- $image := index $.Values.images (index . 1) -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default $.Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{/*
The worker's releases, the current one first, as a JSON array of { name, mark, buildId, image, replicas }. Where workers are versioned each
release has a Deployment of its own, named after it: an upgrade makes another one, and those that are kept are left as they are.
A digest is also its id at Temporal; under a tag there may be another image tomorrow, and the worker derives the id from its sources.
*/}}
{{- define "anneal.workerReleases" -}}
{{- $ := . -}}
{{- $image := $.Values.images.worker -}}
{{- $all := prepend (default list $.Values.worker.previous) (dict "tag" (default $.Chart.AppVersion $image.tag) "digest" $image.digest "replicas" $.Values.worker.replicas) -}}
{{- $releases := list -}}
{{- range $all -}}
{{- $mark := "" -}}
{{- $name := include "anneal.worker" $ -}}
{{- if $.Values.worker.deployment -}}
{{- $mark = ternary (trimPrefix "sha256:" (default "" .digest) | trunc 12) (default "" .tag) (not (empty .digest)) -}}
{{- $mark = regexReplaceAll "[^a-z0-9]+" (lower $mark) "-" | trunc 30 | trimAll "-" -}}
{{- $name = printf "%s-%s" $name $mark -}}
{{- end -}}
{{- $reference := ternary (printf "@%s" (default "" .digest)) (printf ":%s" (default "" .tag)) (not (empty .digest)) -}}
{{- $releases = append $releases (dict "name" $name "mark" $mark "buildId" (ternary $mark "" (not (empty .digest))) "image" (print $image.repository $reference) "replicas" .replicas) -}}
{{- end -}}
{{- toJson $releases -}}
{{- end -}}

{{- define "anneal.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
{{- end -}}

{{- define "anneal.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* What worker and gateway read alike (infra/config.ts, infra/deployment.ts). */}}
{{- define "anneal.env" -}}
- { name: ANNEAL_HOME, value: /anneal/home }
- { name: ANNEAL_COMPUTE, value: kubernetes }
- { name: ANNEAL_STORE, value: {{ .Values.store.url | quote }} }
- { name: ANNEAL_KUBE_NAMESPACE, value: {{ .Values.gpu.namespace | quote }} }
- { name: ANNEAL_KUBE_WORKLOAD, value: {{ .Values.gpu.workload | quote }} }
{{- with .Values.store.secret }}
- { name: ANNEAL_KUBE_STORE_SECRET, value: {{ . | quote }} }
{{- end }}
- { name: ANNEAL_KUBE_TOKEN_SECRET, value: {{ .Values.gpu.policyTokenSecret | quote }} }
- { name: ANNEAL_POLICY_TOKEN_FILE, value: /anneal/policy/token }
{{- with .Values.tracing.otlpEndpoint }}
- { name: ANNEAL_OTLP_ENDPOINT, value: {{ . | quote }} }
{{- end }}
{{- with .Values.tracing.trainersOtlpEndpoint }}
- { name: ANNEAL_KUBE_OTLP_ENDPOINT, value: {{ . | quote }} }
{{- end }}
{{- if .Values.metrics.enabled }}
- { name: ANNEAL_METRICS_BIND, value: 0.0.0.0 }
- { name: ANNEAL_METRICS_PORT, value: {{ .Values.metrics.port | quote }} }
{{- end }}
{{- end -}}

{{/* The model of the project's own agents: the worker names it, and the gateway asks it. */}}
{{- define "anneal.agentModel" -}}
{{- with .Values.agents.model -}}
{{- if ne (empty .url) (empty .name) -}}{{- fail "agents.model: url and name belong together" -}}{{- end -}}
{{- if and (or .keys.secret .family) (not .url) -}}{{- fail "agents.model.url: names no model for the keys or the family that are given" -}}{{- end -}}
{{- if .url }}
- { name: ANNEAL_AGENT_MODEL_URL, value: {{ .url | quote }} }
- { name: ANNEAL_AGENT_MODEL_NAME, value: {{ .name | quote }} }
{{- end }}
{{- end -}}
{{- end -}}

{{/* ANNEAL_SANDBOX, as infra/sandbox/setting.ts reads it. */}}
{{- define "anneal.sandbox" -}}
{{- with .Values.sandbox -}}
{{- if eq .by "pods" -}}
{{- if not .image -}}{{- fail "sandbox.image: names no image for programs to run in" -}}{{- end -}}
{{- if and (not .runtimeClass) (not (has "node-runtime" .allow)) -}}
{{- fail "sandbox.runtimeClass: names no runtime class, and sandbox.allow has no node-runtime" -}}
{{- end -}}
{{- $given := list -}}
{{- range $name, $value := dict "image" .image "runtimeClass" .runtimeClass "allow" (join "," .allow) "probe" (join "," .probe) "cpu" .cpu "disk" .disk -}}
{{- if $value -}}{{- $given = append $given (printf "%s=%s" $name (urlquery $value)) -}}{{- end -}}
{{- end -}}
pods:{{ .namespace }}?{{ join "&" $given }}
{{- else -}}
{{ .by }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Secrets that the worker's role names, sorted. */}}
{{- define "anneal.gpuSecrets" -}}
{{- list .Values.store.secret .Values.gpu.policyTokenSecret | compact | uniq | sortAlpha | toJson -}}
{{- end -}}

{{/*
The worker touches its file every five seconds as long as its event loop turns. A file older than the container's first process is one
that a killed predecessor left in the pod's folder.
*/}}
{{- define "anneal.fresh" -}}
command:
  - node
  - --eval
  - |-
    const { readFileSync, statSync } = require('node:fs');
    const started = readFileSync('/proc/1/stat', 'utf8').split(') ')[1].split(' ')[19] / 100;
    const runs = readFileSync('/proc/uptime', 'utf8').split(' ')[0] - started;
    const silent = (Date.now() - statSync('/anneal/home/run/worker.ready').mtimeMs) / 1000;
    process.exit(silent < Math.min(runs, 60) ? 0 : 1);
{{- end -}}

{{/* Address blocks as peers of a policy; 0.0.0.0/0 leaves out the metadata addresses, which hand out a machine's credentials. */}}
{{- define "anneal.blocks" -}}
{{- range . }}
- ipBlock:
    cidr: {{ . | quote }}
    {{- if eq . "0.0.0.0/0" }}
    except: [169.254.0.0/16]
    {{- else if eq . "::/0" }}
    except: ["fe80::/10", "fd00:ec2::254/128"]
    {{- end }}
{{- end }}
{{- end -}}

{{/* A rule that names nobody would let in everybody. */}}
{{- define "anneal.fromMonitoring" -}}
{{- if .Values.networkPolicies.metricsFrom -}}
- from:
    {{- range .Values.networkPolicies.metricsFrom }}
    - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: {{ . }} } }
    {{- end }}
  ports:
    - { protocol: TCP, port: {{ .Values.metrics.port }} }
{{- end -}}
{{- end -}}
