# Stacks of CloudFormation.

# Deploys a template and prints the outputs; further arguments are Name=Value parameters. PARAMETERS of the command line
# adds more of them, and wins. What a stack has been given before stays as it is.
stack() {
    local name=$1 template=$2 status
    shift 2
    status=$(stack_status "$name")
    case "$status" in
        # Of a first creation that failed nothing is left, but the name is taken and takes no update.
        ROLLBACK_COMPLETE | ROLLBACK_FAILED)
            say "The stack $name never came up: removing what is left of it"
            remove_stack "$name"
            ;;
    esac
    say "Deploying the stack $name to $ACCOUNT in $AWS_REGION"
    aws cloudformation deploy --stack-name "$name" --template-file "cloudformation/$template" \
        --capabilities CAPABILITY_NAMED_IAM \
        --no-fail-on-empty-changeset --parameter-overrides "$@" "${MORE[@]}" >&2
    outputs "$name"
}

remove_stack() {
    aws cloudformation delete-stack --stack-name "$1"
    aws cloudformation wait stack-delete-complete --stack-name "$1"
}

# What AWS says of a stack by a query; nothing where there is none.
of_stack() {
    ask 'does not exist' cloudformation describe-stacks --stack-name "$1" --output text --query "$2" | sed '/^None$/d'
}

stack_status() { of_stack "$1" 'Stacks[0].StackStatus'; }

outputs() { of_stack "$1" 'Stacks[0].Outputs[].[OutputKey,OutputValue]'; }

# As Name=Value, one a line.
parameters() { of_stack "$1" "Stacks[0].Parameters[].[join('=', [ParameterKey, ParameterValue])]"; }

output() { of_stack "$1" "Stacks[0].Outputs[?OutputKey=='$2'].[OutputValue]"; }

parameter() { of_stack "$1" "Stacks[0].Parameters[?ParameterKey=='$2'].[ParameterValue]"; }

# Stops where the stack is not here; prints an output of it.
needed_output() {
    local value
    value=$(output "$STACK" "$1")
    [ -n "$value" ] || stop "the stack $STACK is not here, in $AWS_REGION: make deploy first"
    echo "$value"
}
