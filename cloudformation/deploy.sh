#!/usr/bin/env bash
# Deploys the scanner; the Makefile's deploy targets call it. Each step looks first and changes only what differs, so
# that everything can be repeated.
#
#   deploy.sh account | hub | spoke-stackset | update-function | logs | rescan | delete
#
# The token is read from QUALYS_ACCESS_TOKEN and goes to Secrets Manager by a file that only its owner can read: an
# argument could be read by everybody on the machine.
set -euo pipefail
cd "$(dirname "$0")/.."

STACK=${STACK:-qualys-lambda-scanner}
SECRET_NAME=${SECRET_NAME:-qualys-lambda-scanner}
PODS="US1 US2 US3 US4 GOV1 EU1 EU2 EU3 IN1 CA1 AE1 UK1 AU1 KSA1"

say() { printf '%s\n' "$*" >&2; }
stop() { say "deploy: $*"; exit 1; }

# --- What has to be there before anything is created ---------------------------------------------------------------

check_tools() {
    command -v aws > /dev/null || stop "the AWS CLI is not installed: https://aws.amazon.com/cli/"
    [ -n "${AWS_REGION:-}" ] || stop "AWS_REGION is not set, for example: make deploy AWS_REGION=us-east-2"
    export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION AWS_PAGER=""
    ACCOUNT=$(aws sts get-caller-identity --query Account --output text 2> /dev/null) \
        || stop "AWS does not accept the credentials: try aws sts get-caller-identity"
    PARTITION=$(aws sts get-caller-identity --query Arn --output text | cut -d: -f2)
    ARTIFACTS=${ARTIFACT_BUCKET:-$SECRET_NAME-artifacts-$ACCOUNT-$AWS_REGION}
}

check_qualys() {
    [ -n "${QUALYS_POD:-}" ] || stop "QUALYS_POD is not set, one of: $PODS"
    case " $PODS " in *" $QUALYS_POD "*) ;; *) stop "QUALYS_POD is none of: $PODS" ;; esac
    [ -n "${QUALYS_ACCESS_TOKEN:-}" ] || secret_exists \
        || stop "QUALYS_ACCESS_TOKEN is not in the environment, and there is no secret $SECRET_NAME yet"
    case "${QUALYS_ACCESS_TOKEN:-}" in
        *[[:cntrl:]]*) stop "QUALYS_ACCESS_TOKEN has a line break or another control character" ;;
    esac
}

check_artifacts() {
    [ -f build/bootstrap.zip ] || stop "build/bootstrap.zip is not there: make package"
    [ -f build/qscanner-layer.zip ] || stop "build/qscanner-layer.zip is not there: make layer"
}

# --- Code and layer ------------------------------------------------------------------------------------------------

hash_of() { sha256sum "$1" | cut -c1-64; }

artifact_bucket() {
    if ! aws s3api head-bucket --bucket "$ARTIFACTS" > /dev/null 2>&1; then
        say "Creating the artifact bucket $ARTIFACTS"
        if [ "$AWS_REGION" = us-east-1 ]; then
            aws s3api create-bucket --bucket "$ARTIFACTS" > /dev/null
        else
            aws s3api create-bucket --bucket "$ARTIFACTS" \
                --create-bucket-configuration "LocationConstraint=$AWS_REGION" > /dev/null
        fi
    fi
    aws s3api put-public-access-block --bucket "$ARTIFACTS" --public-access-block-configuration \
        BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
}

# Uploads a file under its hash, once; prints the key. The name changes with the content, and so CloudFormation sees a
# change exactly when there is one.
upload() {
    local key="$2/$(hash_of "$1").zip"
    aws s3api head-object --bucket "$ARTIFACTS" --key "$key" > /dev/null 2>&1 || {
        say "Uploading $1"
        aws s3 cp --only-show-errors "$1" "s3://$ARTIFACTS/$key" >&2
    }
    echo "$key"
}

# Publishes QScanner's layer, once per content; prints the ARN of its version.
layer() {
    local hash description arn
    hash=$(hash_of build/qscanner-layer.zip)
    description="QScanner, sha256 $hash"
    arn=$(aws lambda list-layer-versions --layer-name "$STACK-qscanner" --output text \
        --query "LayerVersions[?Description=='$description'] | [0].LayerVersionArn" 2> /dev/null || true)
    if [ -z "$arn" ] || [ "$arn" = None ]; then
        say "Publishing the layer"
        arn=$(aws lambda publish-layer-version --layer-name "$STACK-qscanner" --description "$description" \
            --content "S3Bucket=$ARTIFACTS,S3Key=$(upload build/qscanner-layer.zip layer)" \
            --compatible-runtimes provided.al2023 --query LayerVersionArn --output text)
    fi
    echo "$arn"
}

# --- Secret --------------------------------------------------------------------------------------------------------

secret_exists() { aws secretsmanager describe-secret --secret-id "$SECRET_NAME" > /dev/null 2>&1; }

# Creates or updates the secret, keeping its other fields; prints its ARN.
secret() {
    local file arn
    file=$(mktemp)
    chmod 600 "$file"
    trap 'rm -f "$file"' RETURN
    if secret_exists; then
        if [ -n "${QUALYS_ACCESS_TOKEN:-}" ] && aws secretsmanager get-secret-value --secret-id "$SECRET_NAME" \
            --query SecretString --output text | merge_secret "$file"; then
            say "Updating the secret $SECRET_NAME"
            aws secretsmanager put-secret-value --secret-id "$SECRET_NAME" --secret-string "file://$file" > /dev/null
        fi
    else
        say "Creating the secret $SECRET_NAME"
        echo '{}' | merge_secret "$file"
        aws secretsmanager create-secret --name "$SECRET_NAME" --secret-string "file://$file" \
            --description "Qualys account of the Lambda scanner" > /dev/null
    fi
    aws secretsmanager describe-secret --secret-id "$SECRET_NAME" --query ARN --output text
}

# Writes the secret on standard input with the pod and the token set; fails when that changes nothing.
merge_secret() {
    QUALYS_POD=$QUALYS_POD python3 -c '
import json, os, sys
old = json.load(sys.stdin)
new = {**old, "qualys_pod": os.environ["QUALYS_POD"], "qualys_access_token": os.environ["QUALYS_ACCESS_TOKEN"]}
open(sys.argv[1], "w").write(json.dumps(new))
sys.exit(new == old)' "$1"
}

# --- Stacks --------------------------------------------------------------------------------------------------------

# Deploys a template; further arguments are Name=Value parameters. PARAMETERS in the environment adds more of them, and
# wins. What a stack has been given before stays as it is.
stack() {
    local name=$1 template=$2
    shift 2
    say "Deploying the stack $name to $ACCOUNT in $AWS_REGION"
    # shellcheck disable=SC2086
    aws cloudformation deploy --stack-name "$name" --template-file "cloudformation/$template" \
        --capabilities CAPABILITY_NAMED_IAM \
        --no-fail-on-empty-changeset --parameter-overrides "$@" ${PARAMETERS:-} >&2
    outputs "$name"
}

outputs() {
    aws cloudformation describe-stacks --stack-name "$1" --output text \
        --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]'
}

output() { outputs "$1" | awk -v name="$2" '$1 == name { print $2 }'; }

scanner_parameters() {
    SECRET_ARN=$(secret)
    artifact_bucket
    LAYER_ARN=$(layer)
    CODE_KEY=$(upload build/bootstrap.zip code)
    set -- "QualysPod=$QUALYS_POD" "QualysSecretArn=$SECRET_ARN" "QScannerLayerArn=$LAYER_ARN" \
        "CodeS3Bucket=$ARTIFACTS" "CodeS3Key=$CODE_KEY" "Architecture=$(uname -m | sed s/aarch64/arm64/)"
    SCANNER_PARAMETERS=("$@")
}

deploy_account() {
    check_tools
    check_qualys
    check_artifacts
    scanner_parameters
    stack "$STACK" single-account-native.yaml "${SCANNER_PARAMETERS[@]}"
}

deploy_hub() {
    check_tools
    check_qualys
    check_artifacts
    [ -n "${EXTERNAL_ID:-}" ] || stop "EXTERNAL_ID is not set: a text that hub and spokes share, such as \$(openssl rand -hex 16)"
    [ -n "${ORGANIZATION_ID:-}${SPOKE_ACCOUNT_IDS:-}" ] \
        || stop "say whose changes to scan: ORGANIZATION_ID=o-... or SPOKE_ACCOUNT_IDS=111111111111,222222222222"
    scanner_parameters
    stack "$STACK-hub" centralized-hub.yaml "${SCANNER_PARAMETERS[@]}" "ExternalId=$EXTERNAL_ID" \
        ${ORGANIZATION_ID:+"OrganizationId=$ORGANIZATION_ID"} \
        ${SPOKE_ACCOUNT_IDS:+"SpokeAccountIds=$SPOKE_ACCOUNT_IDS"}
}

deploy_spoke_stackset() {
    check_tools
    [ -n "${ORG_UNIT_IDS:-}" ] || stop "ORG_UNIT_IDS is not set, for example ORG_UNIT_IDS=ou-ab12-34567890"
    [ -n "${EXTERNAL_ID:-}" ] || stop "EXTERNAL_ID is not set: the same as the hub's"
    local bus role
    bus=$(output "$STACK-hub" EventBusArn)
    role=$(output "$STACK-hub" RoleArn)
    [ -n "$bus" ] && [ -n "$role" ] || stop "the stack $STACK-hub is not here: make deploy-hub first, in this region"
    stack_set "$STACK-spoke" centralized-spoke.yaml \
        "HubEventBusArn=$bus" "HubScannerRoleArn=$role" "ExternalId=$EXTERNAL_ID" "RoleRegion=$AWS_REGION"
}

# Creates or updates a service-managed StackSet and its instances in the organizational units.
stack_set() {
    local name=$1 template=$2 parameters=() verb=create
    shift 2
    for parameter in "$@"; do
        parameters+=("ParameterKey=${parameter%%=*},ParameterValue=${parameter#*=}")
    done
    artifact_bucket
    aws s3 cp --only-show-errors "cloudformation/$template" "s3://$ARTIFACTS/templates/$template" >&2
    aws cloudformation describe-stack-set --stack-set-name "$name" > /dev/null 2>&1 && verb=update
    say "StackSet $name: $verb"
    local permission=(--permission-model SERVICE_MANAGED)
    permission+=(--auto-deployment "Enabled=true,RetainStacksOnAccountRemoval=false")
    aws cloudformation "$verb-stack-set" --stack-set-name "$name" --capabilities CAPABILITY_NAMED_IAM \
        --template-url "https://$ARTIFACTS.s3.$AWS_REGION.amazonaws.com/templates/$template" \
        --parameters "${parameters[@]}" "${permission[@]}" > /dev/null
    # shellcheck disable=SC2086
    aws cloudformation create-stack-instances --stack-set-name "$name" \
        --deployment-targets "OrganizationalUnitIds=${ORG_UNIT_IDS// /,}" --regions ${REGIONS:-$AWS_REGION} > /dev/null
}

update_function() {
    check_tools
    [ -f build/bootstrap.zip ] || stop "build/bootstrap.zip is not there: make package"
    artifact_bucket
    local function
    function=$(output "$STACK" FunctionName)
    [ -n "$function" ] || stop "the stack $STACK is not here: make deploy first"
    stack "$STACK" single-account-native.yaml "CodeS3Key=$(upload build/bootstrap.zip code)"
}

logs() {
    check_tools
    aws logs tail "$(output "$STACK" LogGroup)" --follow --format short
}

# Forgets that a function was scanned, and scans it again by the event that a change would bring.
rescan() {
    check_tools
    [ -n "${FUNCTION:-}" ] || stop "FUNCTION is not set, for example: make rescan FUNCTION=my-function"
    local arn table event
    arn=$(aws lambda get-function-configuration --function-name "$FUNCTION" --query FunctionArn --output text)
    table=$(output "$STACK" ScanCacheTable)
    if [ -n "$table" ]; then
        aws dynamodb delete-item --table-name "$table" --key "{\"function_arn\": {\"S\": \"$arn\"}}"
    fi
    event=$(mktemp)
    trap 'rm -f "$event"' RETURN
    printf '{"detail-type": "AWS API Call via CloudTrail", "account": "%s", "region": "%s", "detail": {%s, %s, %s}}' \
        "$ACCOUNT" "$AWS_REGION" '"eventSource": "lambda.amazonaws.com"' \
        '"eventName": "UpdateFunctionCode20150331v2"' "\"responseElements\": {\"functionArn\": \"$arn\"}" > "$event"
    aws lambda invoke --function-name "$(output "$STACK" FunctionName)" --invocation-type Event \
        --payload "fileb://$event" /dev/null > /dev/null
    say "$arn is being scanned; its tags will say so: aws lambda list-tags --resource $arn"
}

delete_stack() {
    check_tools
    [ "${CONFIRM:-}" = "$STACK" ] || stop "this removes the scanner; say so with CONFIRM=$STACK"
    aws cloudformation delete-stack --stack-name "$STACK"
    aws cloudformation wait stack-delete-complete --stack-name "$STACK"
    say "The stack is gone. Its results, table and topic stay, and so do the secret $SECRET_NAME and $ARTIFACTS."
}

case "${1:-}" in
    account) deploy_account ;;
    hub) deploy_hub ;;
    spoke-stackset) deploy_spoke_stackset ;;
    update-function) update_function ;;
    logs) logs ;;
    rescan) rescan ;;
    delete) delete_stack ;;
    *) stop "usage: deploy.sh account | hub | spoke-stackset | update-function | logs | rescan | delete" ;;
esac
