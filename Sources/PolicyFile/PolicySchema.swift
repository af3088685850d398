/// The JSON schema of policy files (draft 7), byte for byte policies/policy-v1.schema.json.
public let policySchema = #"""
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "$id": "policy-v1.schema.json",
      "title": "s3prune policy, version 1",
      "description": "What to keep of the object versions of one bucket.",
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "version": {
          "const": 1
        },
        "bucket": {
          "description": "A bucket's name, or s3://bucket/prefix.",
          "type": "string",
          "minLength": 3
        },
        "region": {
          "type": "string",
          "pattern": "^[a-z0-9-]{1,32}$"
        },
        "endpoint-url": {
          "type": "string",
          "pattern": "^https?://"
        },
        "timezone": {
          "description": "An IANA zone such as Europe/Berlin; days begin at its midnight.",
          "type": "string",
          "default": "UTC"
        },
        "day-starts": {
          "description": "The local hour at which a day begins.",
          "type": "integer",
          "minimum": 0,
          "maximum": 23,
          "default": 0
        },
        "pick": {
          "$ref": "#/definitions/pick"
        },
        "min-age": {
          "$ref": "#/definitions/duration"
        },
        "min-versions": {
          "description": "The newest real versions that are never deleted; at least 1.",
          "type": "integer",
          "minimum": 1
        },
        "keep-oldest": {
          "description": "Keep the oldest version while a rule is not full.",
          "type": "boolean"
        },
        "health": {
          "$ref": "#/definitions/health"
        },
        "keep": {
          "$ref": "#/definitions/keep"
        },
        "rules": {
          "description": "The first rule that matches a key decides.",
          "type": "array",
          "minItems": 1,
          "items": {
            "$ref": "#/definitions/rule"
          }
        },
        "pins": {
          "type": "array",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
              "key": {
                "type": "string",
                "minLength": 1
              },
              "version-id": {
                "type": "string",
                "minLength": 1
              },
              "why": {
                "type": "string"
              }
            },
            "required": [
              "key",
              "version-id"
            ]
          }
        },
        "unmatched": {
          "description": "Keys that no rule matches are kept; error reports them as well.",
          "enum": [
            "keep",
            "error"
          ]
        },
        "delete-markers": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "orphans": {
              "enum": [
                "keep",
                "remove"
              ]
            }
          }
        },
        "incomplete-uploads": {
          "anyOf": [
            {
              "const": "keep"
            },
            {
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "abort-after": {
                  "$ref": "#/definitions/duration"
                }
              },
              "required": [
                "abort-after"
              ]
            }
          ]
        },
        "released": {
          "type": "array",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
              "key": {
                "type": "string",
                "minLength": 1
              },
              "day": {
                "type": "string",
                "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
              },
              "why": {
                "type": "string"
              }
            },
            "required": [
              "key",
              "day"
            ]
          }
        },
        "limits": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "max-delete": {
              "$ref": "#/definitions/share"
            },
            "max-delete-of-key": {
              "$ref": "#/definitions/share"
            },
            "max-delete-versions": {
              "type": "integer",
              "minimum": 1
            },
            "max-delete-bytes": {
              "$ref": "#/definitions/size"
            }
          }
        }
      },
      "required": [
        "version",
        "bucket"
      ],
      "oneOf": [
        {
          "required": [
            "keep"
          ]
        },
        {
          "required": [
            "rules"
          ]
        }
      ],
      "definitions": {
        "duration": {
          "description": "A duration such as 48h, 14d, 1d12h, 6mo; 0 turns the guard off.",
          "type": [
            "string",
            "integer"
          ],
          "pattern": "^(0|([1-9][0-9]*y)?([1-9][0-9]*mo)?([1-9][0-9]*w)?([1-9][0-9]*d)?([1-9][0-9]*h)?([1-9][0-9]*min)?)$",
          "minLength": 1,
          "minimum": 0,
          "maximum": 0
        },
        "size": {
          "type": [
            "string",
            "integer"
          ],
          "pattern": "^(0|[1-9][0-9]*(B|KiB|MiB|GiB|TiB))$",
          "minimum": 0,
          "maximum": 0
        },
        "share": {
          "type": "string",
          "pattern": "^[0-9]{1,3}(\\.[0-9]{1,4})?%$"
        },
        "count": {
          "anyOf": [
            {
              "type": "integer",
              "minimum": 1
            },
            {
              "const": "all"
            }
          ]
        },
        "pick": {
          "description": "Which version of a period holds its slot.",
          "enum": [
            "first",
            "last",
            "both"
          ]
        },
        "globs": {
          "anyOf": [
            {
              "type": "string",
              "minLength": 1
            },
            {
              "type": "array",
              "minItems": 1,
              "items": {
                "type": "string",
                "minLength": 1
              }
            }
          ]
        },
        "keep": {
          "anyOf": [
            {
              "const": "all"
            },
            {
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "last": {
                  "$ref": "#/definitions/count"
                },
                "within": {
                  "$ref": "#/definitions/duration"
                },
                "hourly": {
                  "$ref": "#/definitions/count"
                },
                "daily": {
                  "$ref": "#/definitions/count"
                },
                "weekly": {
                  "$ref": "#/definitions/count"
                },
                "monthly": {
                  "$ref": "#/definitions/count"
                },
                "quarterly": {
                  "$ref": "#/definitions/count"
                },
                "yearly": {
                  "$ref": "#/definitions/count"
                }
              },
              "minProperties": 1
            }
          ]
        },
        "health": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "min-size": {
              "$ref": "#/definitions/size"
            },
            "expect-per-day": {
              "type": "integer",
              "minimum": 1
            },
            "expect-every": {
              "$ref": "#/definitions/duration"
            },
            "shrink-limit": {
              "$ref": "#/definitions/share"
            }
          }
        },
        "rule": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "name": {
              "type": "string",
              "minLength": 1
            },
            "match": {
              "$ref": "#/definitions/globs"
            },
            "exclude": {
              "$ref": "#/definitions/globs"
            },
            "keep": {
              "$ref": "#/definitions/keep"
            },
            "pick": {
              "$ref": "#/definitions/pick"
            },
            "min-age": {
              "$ref": "#/definitions/duration"
            },
            "min-versions": {
              "description": "The newest real versions that are never deleted; at least 1.",
              "type": "integer",
              "minimum": 1
            },
            "keep-oldest": {
              "description": "Keep the oldest version while a rule is not full.",
              "type": "boolean"
            },
            "health": {
              "$ref": "#/definitions/health"
            }
          },
          "required": [
            "match",
            "keep"
          ]
        }
      }
    }

    """#
