# StackSets of CloudFormation that the organization manages.

# An account that refuses does not keep the others waiting; all that failed are named at the end.
PREFERENCES="RegionConcurrencyType=PARALLEL,MaxConcurrentPercentage=25,FailureTolerancePercentage=100"

# Creates or updates a StackSet and its instances in the organizational units: stack_set NAME TEMPLATE REGIONS Name=Value...
# What a StackSet has been given before stays as it is.
stack_set() {
    local name=$1 template=cloudformation/$2 regions now changes verb given behind id
    read -ra regions <<< "$3"
    shift 3
    now=$(ask StackSetNotFoundException cloudformation describe-stack-set --stack-set-name "$name" "${CALL_AS[@]}" --output json)
    changes=$(python3 cloudformation/deploy/stack_set_changes.py "$template" "$@" <<< "$now")
    { read -r verb; read -r given; } <<< "$changes"
    if [ "$verb" = none ]; then
        # An update that failed somewhere is that of the StackSet all the same: it is made once more for those.
        behind=$(instances_behind "$name")
        [ -z "$behind" ] || verb=update
    fi
    set -- --stack-set-name "$name" --template-body "file://$template" --capabilities CAPABILITY_NAMED_IAM \
        --parameters "$given" --permission-model SERVICE_MANAGED \
        --auto-deployment "Enabled=true,RetainStacksOnAccountRemoval=false" "${CALL_AS[@]}"
    case "$verb" in
        none) say "StackSet $name: no changes" ;;
        create)
            say "StackSet $name: create in ${regions[*]}"
            aws cloudformation create-stack-set "$@" > /dev/null
            ;;
        update)
            say "StackSet $name: update in ${regions[*]}"
            id=$(aws cloudformation update-stack-set "$@" --operation-preferences "$PREFERENCES" --query OperationId --output text)
            operation "$name" "$id"
            ;;
    esac
    # What is there already is left alone.
    id=$(aws cloudformation create-stack-instances --stack-set-name "$name" --regions "${regions[@]}" "${CALL_AS[@]}" \
        --deployment-targets "OrganizationalUnitIds=$ORG_UNIT_IDS" --operation-preferences "$PREFERENCES" \
        --query OperationId --output text)
    operation "$name" "$id"
    behind=$(instances_behind "$name")
    [ -z "$behind" ] || stop "StackSet $name did not come up everywhere; the same command tries again:"$'\n'"$behind"
}

# Account, region and reason of each instance that is not what the StackSet says. A suspended account stays behind until it is
# closed for good, and keeps nobody waiting.
instances_behind() {
    aws cloudformation list-stack-instances --stack-set-name "$1" "${CALL_AS[@]}" --output text --query \
        "Summaries[?Status!='CURRENT' && StackInstanceStatus.DetailedStatus!='SKIPPED_SUSPENDED_ACCOUNT'].[Account, Region, StatusReason]"
}

# What it has been given, as Name=Value, one a line; nothing where there is none.
stack_set_parameters() {
    ask StackSetNotFoundException cloudformation describe-stack-set --stack-set-name "$1" "${CALL_AS[@]}" --output text \
        --query "StackSet.Parameters[].[join('=', [ParameterKey, ParameterValue])]" | sed '/^None$/d'
}

# Waits for an operation of a StackSet: the next one would be refused meanwhile.
operation() {
    local status behind
    while :; do
        status=$(aws cloudformation describe-stack-set-operation --stack-set-name "$1" --operation-id "$2" \
            "${CALL_AS[@]}" --query StackSetOperation.Status --output text)
        case "$status" in
            SUCCEEDED) return ;;
            QUEUED | RUNNING | STOPPING) sleep 5 ;;
            *)
                behind=$(instances_behind "$1")
                stop "StackSet $1: the operation $2 ended as $status; the same command tries again:"$'\n'"$behind"
                ;;
        esac
    done
}
