#!/usr/bin/env bash
# Deploys the scanner; the Makefile's deploy targets call it. Each step looks first and changes only what differs, so
# that everything can be repeated.
#
#   deploy.sh account | stackset | hub | spoke-stackset | secret | update-function | logs | rescan | delete
#
# The token is read from QUALYS_ACCESS_TOKEN and goes to Secrets Manager through a pipe: an argument could be read by
# everybody on the machine, and a file could be left behind.
set -euo pipefail
# Bash goes on after what fails within $(...), unless it is told not to. What can fail is therefore always assigned to a
# variable first: within an argument nobody would look at how it ended.
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

STACK=${STACK:-qualys-lambda-scanner}
SECRET_NAME=${SECRET_NAME:-qualys-lambda-scanner}
PODS="US1 US2 US3 US4 GOV1 EU1 EU2 EU3 IN1 CA1 AE1 UK1 AU1 KSA1"

say() { printf '%s\n' "$*" >&2; }
stop() { say "deploy: $*"; exit 1; }

# What an AWS call answers, or nothing where AWS says that there is no such thing: ask PATTERN WORDS... Any other refusal
# ends everything, or it would pass for "is not there".
ask() {
    local absent=$1 refusal
    shift
    { refusal=$(aws "$@" 2>&1 >&3) && return; } 3>&1
    [[ $refusal =~ $absent ]] || stop "${refusal#$'\n'}"
}

# The AWS CLI has its own numbers for what went wrong, and has said it.
leave() {
    [ "$1" -le 1 ] || say "deploy: stopped there. What is done stays; the same command goes on when that is mended."
    [ "$1" -eq 0 ] || exit 1
}
trap 'leave $?' EXIT

for part in checks artifacts secret sharing stacks stacksets operation; do
    # shellcheck source=/dev/null
    . "cloudformation/deploy/$part.sh"
done

# Secret, bucket, layer and package, as far as they are not there yet.
scanner_parameters() {
    secret
    artifact_bucket
    layer
    upload build/bootstrap.zip code
    SCANNER_PARAMETERS=("QualysPod=$QUALYS_POD" "QualysSecretArn=$SECRET_ARN" "QScannerLayerArn=$LAYER_ARN"
        "CodeS3Bucket=$ARTIFACTS" "CodeS3Key=$KEY" "Architecture=$ARCHITECTURE")
}

deploy_account() {
    check_tools
    check_qualys
    check_artifacts
    local before
    before=$(parameters "$STACK")
    check_parameters single-account-native.yaml "$before"
    scanner_parameters
    stack "$STACK" single-account-native.yaml "${SCANNER_PARAMETERS[@]}"
}

deploy_stackset() {
    check_tools
    check_organization
    check_qualys
    check_artifacts
    local before
    before=$(stack_set_parameters "$STACK")
    check_parameters stackset.yaml "$before"
    scanner_parameters
    share_code
    share_layer
    share_secret
    stack_set "$STACK" stackset.yaml "$AWS_REGION" "${SCANNER_PARAMETERS[@]}" "${MORE[@]}"
}

deploy_hub() {
    check_tools
    check_qualys
    check_artifacts
    [ -n "${EXTERNAL_ID:-}" ] || stop "EXTERNAL_ID is not set: a text that hub and spokes share, such as \$(openssl rand -hex 16)"
    [ -n "${ORGANIZATION_ID:-}${SPOKE_ACCOUNT_IDS:-}" ] \
        || stop "say whose changes to scan: ORGANIZATION_ID=o-... or SPOKE_ACCOUNT_IDS=111111111111,222222222222"
    local before
    before=$(parameters "$STACK-hub")
    set -- "ExternalId=$EXTERNAL_ID" ${ORGANIZATION_ID:+"OrganizationId=$ORGANIZATION_ID"} \
        ${SPOKE_ACCOUNT_IDS:+"SpokeAccountIds=$SPOKE_ACCOUNT_IDS"}
    check_parameters centralized-hub.yaml "$before" "$@"
    scanner_parameters
    stack "$STACK-hub" centralized-hub.yaml "${SCANNER_PARAMETERS[@]}" "$@"
}

# What hub and spokes have to agree on is the hub's.
deploy_spoke_stackset() {
    check_tools
    check_organization
    check_spoke_regions
    local bus role external_id role_name item before
    bus=$(output "$STACK-hub" EventBusArn)
    role=$(output "$STACK-hub" RoleArn)
    [ -n "$bus" ] && [ -n "$role" ] || stop "the stack $STACK-hub is not here: make deploy-hub first, in this region"
    external_id=$(parameter "$STACK-hub" ExternalId)
    role_name=$(parameter "$STACK-hub" SpokeRoleName)
    set -- "HubEventBusArn=$bus" "HubScannerRoleArn=$role" "ExternalId=$external_id" "SpokeRoleName=$role_name" \
        "RoleRegion=$AWS_REGION"
    before=$(stack_set_parameters "$STACK-spoke")
    check_parameters centralized-spoke.yaml "$before" "$@"
    for item in ${EXTERNAL_ID:+"ExternalId=$EXTERNAL_ID"} "${MORE[@]}"; do
        case "$item" in
            "ExternalId=$external_id" | "SpokeRoleName=$role_name") ;;
            ExternalId=* | SpokeRoleName=*) stop "the hub has another ${item%%=*}: leave it away, or give both the same" ;;
        esac
    done
    stack_set "$STACK-spoke" centralized-spoke.yaml "$SPOKE_REGIONS" "$@" "${MORE[@]}"
}

# The secret alone, for those who deploy with Terraform; prints its ARN.
deploy_secret() {
    check_tools
    check_qualys
    secret
    echo "$SECRET_ARN"
}

case "${1:-}" in
    account) deploy_account ;;
    stackset) deploy_stackset ;;
    hub) deploy_hub ;;
    spoke-stackset) deploy_spoke_stackset ;;
    secret) deploy_secret ;;
    update-function) update_function ;;
    logs) logs ;;
    rescan) rescan ;;
    delete) delete_stack ;;
    *) stop "usage: deploy.sh account | stackset | hub | spoke-stackset | secret | update-function | logs | rescan | delete" ;;
esac
