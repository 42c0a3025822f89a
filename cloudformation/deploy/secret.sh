# The secret that the scanner reads.

# What it takes from the environment, and under which name: the token for scans, the rest for the scheduled jobs.
declare -A SECRET_FIELDS=(
    [QUALYS_ACCESS_TOKEN]=qualys_access_token [QUALYS_USERNAME]=qualys_username [QUALYS_PASSWORD]=qualys_password
    [CAR_SERVICE_URL]=car_url [CAR_SERVICE_KEY]=car_api_key [CAR_SERVICE_PASSWORD]=car_api_password
    [CAR_SERVICE_AUTHTOKEN]=car_token
)

# Sets SECRET_ARN, empty where there is no secret yet, and SECRET_TEXT, empty where nothing changes.
check_secret() {
    local found deleted before name fields=()
    found=$(ask ResourceNotFoundException secretsmanager describe-secret --secret-id "$SECRET_NAME" --output text \
        --query '[ARN,DeletedDate]')
    read -r SECRET_ARN deleted <<< "$found"
    [ "${deleted:-None}" = None ] \
        || stop "the secret $SECRET_NAME is being deleted: aws secretsmanager restore-secret --secret-id $SECRET_NAME"
    # A secret may be there without a value, as Terraform makes it.
    before=$(ask ResourceNotFoundException secretsmanager get-secret-value --secret-id "$SECRET_NAME" --output text \
        --query SecretString)
    for name in "${!SECRET_FIELDS[@]}"; do fields+=("$name=${SECRET_FIELDS[$name]}"); done
    SECRET_TEXT=$(printf '%s' "$before" \
        | QUALYS_POD=$QUALYS_POD python3 cloudformation/deploy/merge_secret.py "$SECRET_NAME" "${fields[@]}")
}

# Creates or updates the secret as check_secret has found it to be needed, and sets SECRET_ARN.
secret() {
    if [ -z "$SECRET_ARN" ]; then
        say "Creating the secret $SECRET_NAME"
        SECRET_ARN=$(printf '%s' "$SECRET_TEXT" | aws secretsmanager create-secret --name "$SECRET_NAME" \
            --secret-string file:///dev/stdin --description "Qualys account of the Lambda scanner" --query ARN --output text)
    elif [ -n "$SECRET_TEXT" ]; then
        say "Updating the secret $SECRET_NAME"
        printf '%s' "$SECRET_TEXT" | aws secretsmanager put-secret-value --secret-id "$SECRET_NAME" \
            --secret-string file:///dev/stdin > /dev/null
    fi
}
