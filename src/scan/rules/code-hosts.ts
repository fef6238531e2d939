/**
 * Tokens of code hosts and package registries: their holders can delete repositories, or publish in somebody's name.
 * Facts from the providers' own pages on token formats.
 */
import { endsInItsSum } from "../checksum.ts";
import type { TokenShape } from "../credential.ts";

const repositories = "delete repositories, releases and secrets";
const packages = "publish or unpublish packages";

export const codeHostShapes: readonly TokenShape[] = [
  {
    id: "github-token",
    kind: "GitHub token",
    marks: ["ghp_", "gho_", "ghu_", "ghs_"],
    shape: "gh[pous]_[A-Za-z0-9]{36}",
    accept: endsInItsSum,
    destroys: repositories,
    examples: {
      hits: ["GH_TOKEN=ghp_{summed}", "gho_{summed}"],
      misses: ["ghp_{base62:36}", "ghp_{base62:20}", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
    },
  },
  {
    id: "github-refresh-token",
    kind: "GitHub refresh token",
    marks: ["ghr_"],
    shape: "ghr_[A-Za-z0-9]{76}",
    accept: endsInItsSum,
    destroys: repositories,
    examples: { hits: ["ghr_{summed:70}"], misses: ["ghr_{base62:76}"] },
  },
  {
    id: "github-fine-grained-token",
    kind: "GitHub fine-grained token",
    marks: ["github_pat_"],
    shape: "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    destroys: repositories,
    examples: { hits: ["github_pat_{base62:22}_{base62:59}"], misses: ["github_pat_11AAAA"] },
  },
  {
    id: "gitlab-token",
    kind: "GitLab token",
    marks: ["glpat-", "gldt-", "glptt-", "glrt-", "glcbt-", "glsoat-", "glagent-", "gloas-", "glft-"],
    shape: "gl(?:pat|dt|ptt|rt|cbt|soat|agent|oas|ft)-[\\w-]{20,64}(?:\\.[0-9a-z]{2}\\.[0-9a-z]{9}|\\.[0-9a-z]{9})?",
    destroys: repositories,
    examples: { hits: ["glpat-{base62:20}", "CI_TOKEN: glptt-{hex:40}"], misses: ["glpat-short", "glft-format"] },
  },
  {
    id: "bitbucket-token",
    kind: "Bitbucket or Atlassian token",
    marks: ["ATBB", "ATCTT3", "ATATT3"],
    shape: "ATBB[A-Za-z0-9]{32}|AT(?:CTT3|ATT3)x[\\w=-]{150,250}",
    destroys: repositories,
    examples: { hits: ["ATBB{base62:32}", "ATATT3x{base62:185}"], misses: ["ATBB"] },
  },
  {
    id: "npm-token",
    kind: "npm token",
    marks: ["npm_"],
    shape: "npm_[A-Za-z0-9]{36}",
    accept: endsInItsSum,
    destroys: packages,
    examples: {
      hits: ["//registry.npmjs.org/:_authToken=npm_{summed}"],
      misses: ["npm_{base62:36}", "npm_config_registry", "npm_lifecycle_event"],
    },
  },
  {
    id: "pypi-token",
    kind: "PyPI token",
    marks: ["pypi-AgE"],
    shape: "pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[\\w-]{50,500}",
    destroys: packages,
    examples: { hits: ["password = pypi-AgEIcHlwaS5vcmc{base62:120}"], misses: ["pypi-publish"] },
  },
  {
    id: "rubygems-key",
    kind: "RubyGems API key",
    marks: ["rubygems_"],
    shape: "rubygems_[0-9a-f]{48}",
    destroys: packages,
    examples: { hits: [":rubygems_api_key: rubygems_{hex:48}"], misses: ["rubygems_version"] },
  },
  {
    id: "crates-token",
    kind: "crates.io token",
    marks: ["cio"],
    shape: "cio[A-Za-z0-9]{32}",
    destroys: packages,
    examples: { hits: ['token = "cio{base62:32}"'], misses: ["cio", "precio{base62:32}"] },
  },
  {
    id: "nuget-key",
    kind: "NuGet API key",
    marks: ["oy2"],
    shape: "oy2[a-z0-9]{43}",
    destroys: packages,
    examples: { hits: ["oy2{lower36:43}"], misses: ["oy2"] },
  },
  {
    id: "clojars-token",
    kind: "Clojars token",
    marks: ["CLOJARS_"],
    shape: "CLOJARS_[0-9a-f]{60}",
    destroys: packages,
    examples: { hits: ["CLOJARS_{hex:60}"], misses: ["CLOJARS_USERNAME"] },
  },
  {
    id: "docker-token",
    kind: "Docker Hub token",
    marks: ["dckr_pat_", "dckr_oat_"],
    shape: "dckr_[po]at_[\\w-]{27,34}",
    destroys: "delete or replace images",
    examples: { hits: ["dckr_pat_{base62:27}"], misses: ["dckr_pat_"] },
  },
  {
    id: "artifactory-token",
    kind: "Artifactory token",
    marks: ["AKCp", "cmVmdGtuO"],
    shape: "AKCp[A-Za-z0-9]{69}|cmVmdGtuO[A-Za-z0-9]{55}",
    destroys: packages,
    examples: { hits: ["AKCp{base62:69}"], misses: ["AKCp"] },
  },
];
