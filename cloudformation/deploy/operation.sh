# What is done with a scanner that is there.

# Gives the stack of any of the templates new code: its template and all other parameters stay.
update_function() {
    check_tools
    [ -z "${PARAMETERS:-}" ] || stop "update-function changes the code alone; PARAMETERS go with make deploy or make deploy-hub"
    check_package
    local function architecture before item given=()
    function=$(needed_output FunctionName)
    architecture=$(parameter "$STACK" Architecture)
    [ "$architecture" = "$ARCHITECTURE" ] || stop "build/bootstrap.zip is for $ARCHITECTURE, the function $function for $architecture"
    [ -n "${ARTIFACT_BUCKET:-}" ] || ARTIFACTS=$(parameter "$STACK" CodeS3Bucket)
    artifact_bucket
    upload build/bootstrap.zip code
    before=$(parameters "$STACK")
    if [[ $before == *"CodeS3Bucket=$ARTIFACTS"* && $before == *"CodeS3Key=$KEY"* ]]; then
        say "The stack $STACK has this code already"
        return
    fi
    while IFS= read -r item; do
        case "${item%%=*}" in
            CodeS3Bucket) given+=("ParameterKey=CodeS3Bucket,ParameterValue=$ARTIFACTS") ;;
            CodeS3Key) given+=("ParameterKey=CodeS3Key,ParameterValue=$KEY") ;;
            # Of the code before.
            CodeS3ObjectVersion) given+=("ParameterKey=CodeS3ObjectVersion,ParameterValue=") ;;
            *) given+=("ParameterKey=${item%%=*},UsePreviousValue=true") ;;
        esac
    done <<< "$before"
    say "Updating the code of the stack $STACK"
    aws cloudformation update-stack --stack-name "$STACK" --use-previous-template --capabilities CAPABILITY_NAMED_IAM \
        --parameters "${given[@]}" > /dev/null
    aws cloudformation wait stack-update-complete --stack-name "$STACK"
    outputs "$STACK"
}

logs() {
    check_tools
    local group
    group=$(needed_output LogGroup)
    exec python3 cloudformation/deploy/follow_log.py "$group"
}

# Forgets that a function was scanned, and scans it again by the event that a change would bring.
rescan() {
    check_tools
    [ -n "${FUNCTION:-}" ] || stop "FUNCTION is not set, for example: make rescan FUNCTION=my-function"
    local scanner bus table arn= account=$ACCOUNT region=$AWS_REGION
    scanner=$(needed_output FunctionName)
    if [[ $FUNCTION =~ ^arn:[a-z-]+:lambda:([a-z0-9-]+):([0-9]{12}):function:[A-Za-z0-9_-]+ ]]; then
        arn=${BASH_REMATCH[0]} region=${BASH_REMATCH[1]} account=${BASH_REMATCH[2]}
    fi
    if [ "$account" = "$ACCOUNT" ]; then
        [ "$region" = "$AWS_REGION" ] || stop "the function is in $region, where another scanner is: AWS_REGION=$region"
        arn=$(ask ResourceNotFoundException lambda get-function-configuration --function-name "${arn:-$FUNCTION}" \
            --region "$region" --query FunctionArn --output text)
        [ -n "$arn" ] || stop "there is no function $FUNCTION in $region"
        # A change is always one of the function, not of a version.
        arn=$(cut -d: -f1-7 <<< "$arn")
    else
        bus=$(output "$STACK" EventBusArn)
        [ -n "$bus" ] || stop "$FUNCTION is another account's, and $STACK no hub: STACK=$STACK-hub"
    fi
    table=$(output "$STACK" ScanCacheTable)
    [ -z "$table" ] || aws dynamodb delete-item --table-name "$table" --key "{\"function_arn\": {\"S\": \"$arn\"}}"
    printf '{"detail-type": "AWS API Call via CloudTrail", "account": "%s", "region": "%s", "detail": {%s, %s, %s}}' \
        "$account" "$region" '"eventSource": "lambda.amazonaws.com"' \
        '"eventName": "UpdateFunctionCode20150331v2"' "\"responseElements\": {\"functionArn\": \"$arn\"}" \
        | aws lambda invoke --function-name "$scanner" --invocation-type Event --payload fileb:///dev/stdin /dev/null > /dev/null
    say "$arn is being scanned; its tags will say so: aws lambda list-tags --region $region --resource $arn"
}

delete_stack() {
    check_tools
    [ "${CONFIRM:-}" = "$STACK" ] || stop "this removes the scanner; say so with CONFIRM=$STACK"
    local status
    status=$(stack_status "$STACK")
    [ -n "$status" ] || stop "the stack $STACK is not here, in $AWS_REGION"
    remove_stack "$STACK"
    say "The stack is gone. Its results and table stay, and so do the secret $SECRET_NAME and $ARTIFACTS."
}
