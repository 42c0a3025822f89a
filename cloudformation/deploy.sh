#!/usr/bin/env bash
# Deploys the scanner; the Makefile's deploy targets call it. Each step looks first and changes only what differs, so
# that everything can be repeated.
#
#   deploy.sh account | stackset | hub | spoke-stackset | secret | update-function | logs | rescan | delete
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
    local name
    for name in "${!SECRET_FIELDS[@]}"; do
        case "${!name:-}" in *[[:cntrl:]]*) stop "$name has a line break or another control character" ;; esac
    done
}

# PARAMETERS of the command line, one an item: Name=Value, in quotes where there are spaces. Together with those given
# they have to fit the template.
check_parameters() {
    local template=cloudformation/$1 faults
    shift
    MORE=()
    [ -z "${PARAMETERS:-}" ] || mapfile -t MORE < <(xargs printf '%s\n' <<< "$PARAMETERS")
    faults=$(python3 cloudformation/check_parameters.py "$template" "$@" ${MORE[@]+"${MORE[@]}"}) || stop "$faults"
}

# Sets ORGANIZATION and, where another account than the management account deploys, how StackSets have to be called.
check_organization() {
    [ -n "${ORG_UNIT_IDS:-}" ] || stop "ORG_UNIT_IDS is not set, for example ORG_UNIT_IDS=ou-ab12-34567890"
    ORG_UNIT_IDS=${ORG_UNIT_IDS// /,}
    [[ $ORG_UNIT_IDS =~ ^(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})(,(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}))*$ ]] \
        || stop "ORG_UNIT_IDS has to be ids of organizational units or a root, such as ou-ab12-34567890 or r-ab12"
    local manager
    read -r ORGANIZATION manager < <(aws organizations describe-organization --output text \
        --query 'Organization.[Id,MasterAccountId]' 2> /dev/null) \
        || stop "this account is in no organization, or may not look at it: aws organizations describe-organization"
    CALL_AS=()
    [ "$manager" = "$ACCOUNT" ] || CALL_AS=(--call-as DELEGATED_ADMIN)
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

# What the secret takes from the environment, and under which name: the token for scans, the rest for the scheduled jobs.
declare -A SECRET_FIELDS=(
    [QUALYS_ACCESS_TOKEN]=qualys_access_token [QUALYS_USERNAME]=qualys_username [QUALYS_PASSWORD]=qualys_password
    [CAR_SERVICE_URL]=car_url [CAR_SERVICE_KEY]=car_api_key [CAR_SERVICE_PASSWORD]=car_api_password
    [CAR_SERVICE_AUTHTOKEN]=car_token
)

# Creates or updates the secret, keeping its other fields; prints its ARN.
secret() {
    local file arn
    file=$(mktemp)
    chmod 600 "$file"
    trap 'rm -f "$file"' RETURN
    if secret_exists; then
        if aws secretsmanager get-secret-value --secret-id "$SECRET_NAME" \
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

# Writes the secret on standard input with the pod and what is in the environment set; fails when that changes nothing.
merge_secret() {
    local name fields=()
    for name in "${!SECRET_FIELDS[@]}"; do fields+=("$name=${SECRET_FIELDS[$name]}"); done
    QUALYS_POD=$QUALYS_POD python3 -c '
import json, os, sys
old = json.load(sys.stdin)
named = dict(field.split("=") for field in sys.argv[2:])
given = {field: os.environ[name] for name, field in named.items() if os.environ.get(name)}
new = {**old, "qualys_pod": os.environ["QUALYS_POD"], **given}
open(sys.argv[1], "w").write(json.dumps(new))
sys.exit(new == old)' "$1" "${fields[@]}"
}

# --- What an organization may read: package, layer and secret ----------------------------------------------------------

# A policy that lets the accounts of the organization do one thing with one resource; prints it.
organization_policy() {
    local sid=$1 action=$2 resource=$3 more=${4:-}
    printf '{"Sid": "%s", "Effect": "Allow", "Principal": "*", "Action": "%s", "Resource": "%s", ' "$sid" "$action" "$resource"
    printf '"Condition": {"StringEquals": {"aws:PrincipalOrgID": "%s"%s}}}' "$ORGANIZATION" "$more"
}

# Whether two policies say the same, however they are written.
same_policy() { python3 -c 'import json, sys; sys.exit(json.loads(sys.argv[1] or "0") != json.loads(sys.argv[2]))' "$1" "$2"; }

share_code() {
    local wanted now
    wanted=$(printf '{"Version": "2012-10-17", "Statement": [%s, %s]}' \
        "$(organization_policy OrganizationReads s3:GetObject "arn:$PARTITION:s3:::$ARTIFACTS/code/*")" \
        "$(printf '{"Sid": "OnlyOverTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [%s, %s], %s}' \
            "\"arn:$PARTITION:s3:::$ARTIFACTS\"" "\"arn:$PARTITION:s3:::$ARTIFACTS/*\"" \
            '"Condition": {"Bool": {"aws:SecureTransport": "false"}}')")
    now=$(aws s3api get-bucket-policy --bucket "$ARTIFACTS" --query Policy --output text 2> /dev/null || true)
    same_policy "$now" "$wanted" || {
        say "Opening the artifact bucket's code to the organization $ORGANIZATION"
        aws s3api put-bucket-policy --bucket "$ARTIFACTS" --policy "$wanted"
    }
}

share_layer() {
    local name=${LAYER_ARN%:*} version=${LAYER_ARN##*:}
    aws lambda get-layer-version-policy --layer-name "$name" --version-number "$version" --query Policy \
        --output text 2> /dev/null | grep -q "$ORGANIZATION" || {
        say "Opening the layer to the organization $ORGANIZATION"
        aws lambda add-layer-version-permission --layer-name "$name" --version-number "$version" --principal '*' \
            --statement-id organization --action lambda:GetLayerVersion --organization-id "$ORGANIZATION" > /dev/null
    }
}

# AWS's own key for secrets serves one account alone: a secret for others needs a key of one's own. Prints its ARN.
secret_key() {
    local key manages='"kms:CancelKeyDeletion", "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:DisableKey",
        "kms:EnableKey", "kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey", "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo",
        "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"'
    key=$(aws kms describe-key --key-id "alias/$SECRET_NAME" --query KeyMetadata.Arn --output text 2> /dev/null || true)
    if [ -z "$key" ]; then
        say "Creating the key alias/$SECRET_NAME"
        key=$(aws kms create-key --description "Qualys account of the Lambda scanner" --query KeyMetadata.Arn --output text \
            --policy "$(printf '{"Version": "2012-10-17", "Statement": [%s, %s]}' \
                "{\"Sid\": \"AccountManages\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:$PARTITION:iam::$ACCOUNT:root\"},
                  \"Action\": [$manages], \"Resource\": \"*\"}" \
                "$(organization_policy OrganizationDecrypts kms:Decrypt '*' \
                    ", \"kms:ViaService\": \"secretsmanager.$AWS_REGION.$(dns_suffix)\"")")")
        aws kms enable-key-rotation --key-id "$key"
        aws kms create-alias --alias-name "alias/$SECRET_NAME" --target-key-id "$key"
    fi
    echo "$key"
}

dns_suffix() { if [ "$PARTITION" = aws-cn ]; then echo amazonaws.com.cn; else echo amazonaws.com; fi; }

share_secret() {
    local key now wanted
    key=$(secret_key)
    now=$(aws secretsmanager describe-secret --secret-id "$SECRET_NAME" --query KmsKeyId --output text)
    [ "$now" = "$key" ] || {
        say "Encrypting the secret with the key alias/$SECRET_NAME"
        aws secretsmanager update-secret --secret-id "$SECRET_NAME" --kms-key-id "$key" > /dev/null
    }
    wanted=$(printf '{"Version": "2012-10-17", "Statement": [%s]}' \
        "$(organization_policy OrganizationReads secretsmanager:GetSecretValue '*')")
    now=$(aws secretsmanager get-resource-policy --secret-id "$SECRET_NAME" --query ResourcePolicy --output text 2> /dev/null || true)
    [ "$now" != None ] || now=
    same_policy "$now" "$wanted" || {
        say "Opening the secret to the organization $ORGANIZATION"
        aws secretsmanager put-resource-policy --secret-id "$SECRET_NAME" --resource-policy "$wanted" \
            --block-public-policy > /dev/null
    }
}

# --- Stacks --------------------------------------------------------------------------------------------------------

# Deploys a template; further arguments are Name=Value parameters. PARAMETERS of the command line adds more of them, and
# wins. What a stack has been given before stays as it is.
stack() {
    local name=$1 template=$2
    shift 2
    say "Deploying the stack $name to $ACCOUNT in $AWS_REGION"
    aws cloudformation deploy --stack-name "$name" --template-file "cloudformation/$template" \
        --capabilities CAPABILITY_NAMED_IAM \
        --no-fail-on-empty-changeset --parameter-overrides "$@" ${MORE[@]+"${MORE[@]}"} >&2
    outputs "$name"
}

outputs() {
    aws cloudformation describe-stacks --stack-name "$1" --output text \
        --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]'
}

# One output of a stack; nothing where there is no such stack.
output() { { outputs "$1" 2> /dev/null || true; } | awk -v name="$2" '$1 == name { print $2 }'; }

# Stops where the stack is not here; prints an output of it.
needed_output() {
    local value
    value=$(output "$STACK" "$1")
    [ -n "$value" ] || stop "the stack $STACK is not here, in $AWS_REGION: make deploy first"
    echo "$value"
}

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
    check_parameters single-account-native.yaml
    scanner_parameters
    stack "$STACK" single-account-native.yaml "${SCANNER_PARAMETERS[@]}"
}

deploy_stackset() {
    check_tools
    check_organization
    check_qualys
    check_artifacts
    check_parameters stackset.yaml
    scanner_parameters
    share_code
    share_layer
    share_secret
    stack_set "$STACK" stackset.yaml "${SCANNER_PARAMETERS[@]}" ${MORE[@]+"${MORE[@]}"}
}

deploy_hub() {
    check_tools
    check_qualys
    check_artifacts
    [ -n "${EXTERNAL_ID:-}" ] || stop "EXTERNAL_ID is not set: a text that hub and spokes share, such as \$(openssl rand -hex 16)"
    [ -n "${ORGANIZATION_ID:-}${SPOKE_ACCOUNT_IDS:-}" ] \
        || stop "say whose changes to scan: ORGANIZATION_ID=o-... or SPOKE_ACCOUNT_IDS=111111111111,222222222222"
    set -- "ExternalId=$EXTERNAL_ID" ${ORGANIZATION_ID:+"OrganizationId=$ORGANIZATION_ID"} \
        ${SPOKE_ACCOUNT_IDS:+"SpokeAccountIds=$SPOKE_ACCOUNT_IDS"}
    check_parameters centralized-hub.yaml "$@"
    scanner_parameters
    stack "$STACK-hub" centralized-hub.yaml "${SCANNER_PARAMETERS[@]}" "$@"
}

deploy_spoke_stackset() {
    check_tools
    check_organization
    [ -n "${EXTERNAL_ID:-}" ] || stop "EXTERNAL_ID is not set: the same as the hub's"
    local bus role
    bus=$(output "$STACK-hub" EventBusArn)
    role=$(output "$STACK-hub" RoleArn)
    [ -n "$bus" ] && [ -n "$role" ] || stop "the stack $STACK-hub is not here: make deploy-hub first, in this region"
    set -- "HubEventBusArn=$bus" "HubScannerRoleArn=$role" "ExternalId=$EXTERNAL_ID" "RoleRegion=$AWS_REGION"
    check_parameters centralized-spoke.yaml "$@"
    stack_set "$STACK-spoke" centralized-spoke.yaml "$@" ${MORE[@]+"${MORE[@]}"}
}

# Creates or updates a service-managed StackSet and its instances in the organizational units; further arguments are
# Name=Value parameters. What a StackSet has been given before stays as it is.
stack_set() {
    local name=$1 template=cloudformation/$2 now verb given
    shift 2
    now=$(aws cloudformation describe-stack-set --stack-set-name "$name" ${CALL_AS[@]+"${CALL_AS[@]}"} --output json \
        2> /dev/null || true)
    { read -r verb; read -r given; } < <(stack_set_changes "$template" "$@" <<< "$now")
    if [ "$verb" = none ]; then
        say "StackSet $name: no changes"
    else
        say "StackSet $name: $verb in $AWS_REGION"
        operation "$name" "$(aws cloudformation "$verb-stack-set" --stack-set-name "$name" --template-body "file://$template" \
            --capabilities CAPABILITY_NAMED_IAM --parameters "$given" --permission-model SERVICE_MANAGED \
            --auto-deployment "Enabled=true,RetainStacksOnAccountRemoval=false" ${CALL_AS[@]+"${CALL_AS[@]}"} \
            --query OperationId --output text)"
    fi
    # What is there already is left alone.
    operation "$name" "$(aws cloudformation create-stack-instances --stack-set-name "$name" --regions "$AWS_REGION" \
        --deployment-targets "OrganizationalUnitIds=$ORG_UNIT_IDS" ${CALL_AS[@]+"${CALL_AS[@]}"} \
        --query OperationId --output text)"
}

# Reads what describe-stack-set said, or nothing; prints create, update or none, and the parameters in the form of the CLI.
stack_set_changes() {
    python3 -c '
import json, sys
template, *given = sys.argv[1:]
now = json.loads(sys.stdin.read().strip() or "{}").get("StackSet")
body = open(template, encoding="utf-8").read()
before = {item["ParameterKey"]: item["ParameterValue"] for item in (now or {}).get("Parameters", [])}
known = {name: value for name, value in before.items() if f"\n  {name}:\n" in body}
after = known | dict(item.split("=", 1) for item in given)
same = now and before == after and now["TemplateBody"].strip() == body.strip()
print("none" if same else "update" if now else "create")
print(json.dumps([{"ParameterKey": name, "ParameterValue": value} for name, value in after.items()]))' "$@"
}

# Waits for an operation of a StackSet: the next one would be refused meanwhile. Creating a StackSet is none.
operation() {
    local status
    [ -n "$2" ] && [ "$2" != None ] || return 0
    while :; do
        status=$(aws cloudformation describe-stack-set-operation --stack-set-name "$1" --operation-id "$2" \
            ${CALL_AS[@]+"${CALL_AS[@]}"} --query StackSetOperation.Status --output text)
        case "$status" in
            SUCCEEDED) return 0 ;;
            QUEUED | RUNNING | STOPPING) sleep 5 ;;
            *) stop "StackSet $1: the operation $2 ended as $status; its instances say why: aws cloudformation list-stack-instances --stack-set-name $1" ;;
        esac
    done
}

# The secret alone, for those who deploy with Terraform; prints its ARN.
deploy_secret() {
    local arn
    check_tools
    check_qualys
    # In a shell of its own, as everywhere: its trap would stay.
    arn=$(secret)
    echo "$arn"
}

update_function() {
    check_tools
    [ -f build/bootstrap.zip ] || stop "build/bootstrap.zip is not there: make package"
    local template=single-account-native.yaml
    needed_output FunctionName > /dev/null
    [ -z "$(output "$STACK" EventBusArn)" ] || template=centralized-hub.yaml
    check_parameters "$template"
    artifact_bucket
    stack "$STACK" "$template" "CodeS3Key=$(upload build/bootstrap.zip code)"
}

logs() {
    check_tools
    local group from at line
    group=$(needed_output LogGroup)
    # aws logs tail is not in every version of the AWS CLI.
    from=$((($(date +%s) - 600) * 1000))
    while :; do
        while IFS=$'\t' read -r at line; do
            [ -n "$line" ] || continue
            printf '%s\n' "$line"
            from=$((at + 1))
        done < <(aws logs filter-log-events --log-group-name "$group" --start-time "$from" \
            --query 'sort_by(events, &timestamp)[].[timestamp, message]' --output text)
        sleep 2
    done
}

# Forgets that a function was scanned, and scans it again by the event that a change would bring.
rescan() {
    check_tools
    [ -n "${FUNCTION:-}" ] || stop "FUNCTION is not set, for example: make rescan FUNCTION=my-function"
    local arn table event scanner
    scanner=$(needed_output FunctionName)
    arn=$(aws lambda get-function-configuration --function-name "$FUNCTION" --query FunctionArn --output text 2> /dev/null) || stop "there is no function $FUNCTION in $AWS_REGION"
    table=$(output "$STACK" ScanCacheTable)
    if [ -n "$table" ]; then
        aws dynamodb delete-item --table-name "$table" --key "{\"function_arn\": {\"S\": \"$arn\"}}"
    fi
    event=$(mktemp)
    trap 'rm -f "$event"' RETURN
    printf '{"detail-type": "AWS API Call via CloudTrail", "account": "%s", "region": "%s", "detail": {%s, %s, %s}}' \
        "$ACCOUNT" "$AWS_REGION" '"eventSource": "lambda.amazonaws.com"' \
        '"eventName": "UpdateFunctionCode20150331v2"' "\"responseElements\": {\"functionArn\": \"$arn\"}" > "$event"
    aws lambda invoke --function-name "$scanner" --invocation-type Event \
        --payload "fileb://$event" /dev/null > /dev/null
    say "$arn is being scanned; its tags will say so: aws lambda list-tags --resource $arn"
}

delete_stack() {
    check_tools
    [ "${CONFIRM:-}" = "$STACK" ] || stop "this removes the scanner; say so with CONFIRM=$STACK"
    needed_output FunctionName > /dev/null
    aws cloudformation delete-stack --stack-name "$STACK"
    aws cloudformation wait stack-delete-complete --stack-name "$STACK"
    say "The stack is gone. Its results and table stay, and so do the secret $SECRET_NAME and $ARTIFACTS."
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
