/// A commented policy file to start from: it loads as it is.
public let policyTemplate = """
    # yaml-language-server: $schema=policy-v1.schema.json
    # What to keep of the object versions of one bucket. Check it with
    #   s3prune policy check THIS-FILE
    # and see what it would delete with
    #   s3prune --policy THIS-FILE
    version: 1
    bucket: my-backups              # or s3://my-backups/prefix
    timezone: UTC                   # days begin at midnight of this zone, such as Europe/Berlin

    min-age: 14d                    # nothing younger is ever deleted
    min-versions: 3                 # the newest three are never deleted

    rules:                          # the first rule that matches a key decides
      - name: databases
        match: "db/**"              # * stops at a slash, ** does not
        keep: { daily: 14, weekly: 8, monthly: 12, yearly: all }
        health:
          min-size: 1KiB            # smaller versions hold no slot
          expect-every: 26h         # older than that: nothing is deleted, and it is reported
          shrink-limit: 50%         # so much smaller than usual: likewise

      - name: everything else
        match: "**"
        keep: { daily: 7, weekly: 4, monthly: 6 }

    limits: { max-delete: 50% }     # a plan that deletes more of a rule is not applied

    """
