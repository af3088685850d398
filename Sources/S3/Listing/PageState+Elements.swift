internal import CLibXML2

extension PageState {
    /// The handlers that C calls; each finds its state behind the pointer.
    static func handlers() -> xmlSAXHandler {
        var handlers = PushParser.handlers(
            start: { state, name, _, namespace, _, _, _, _, _ in
                state.unsafelyUnwrapped.assumingMemoryBound(to: PageState.self)
                    .pointee.start(name.unsafelyUnwrapped, namespace)
            },
            end: { state, _, _, _ in
                state.unsafelyUnwrapped.assumingMemoryBound(to: PageState.self).pointee.end()
            },
            text: { state, bytes, count in
                state.unsafelyUnwrapped.assumingMemoryBound(to: PageState.self)
                    .pointee.text(bytes.unsafelyUnwrapped, Int(count))
            },
            documentType: { state, _, _, _ in
                state.unsafelyUnwrapped.assumingMemoryBound(to: PageState.self)
                    .pointee.fail(.malformed, "the answer has a document type declaration")
            })
        handlers.serror = { state, error in
            guard let error = error?.pointee, error.level != XML_ERR_WARNING else { return }
            state.unsafelyUnwrapped.assumingMemoryBound(to: PageState.self)
                .pointee.error(code: error.code, message: error.message)
        }
        return handlers
    }

    /// Ceph writes markers and the prefix as they are even where it encodes keys, and so with
    /// characters that no document can hold: they come without them. Any other error is the end.
    private mutating func error(code: Int32, message: UnsafePointer<CChar>?) {
        let repeated: [Field] = [.nextKeyMarker, .keyMarker, .prefix]
        if code == Int32(XML_ERR_INVALID_CHAR.rawValue), repeated.contains(field), !hasFailed {
            damaged |= field.rawValue
            return
        }
        var words = message.map { String(cString: $0) } ?? "error \(code)"
        while words.last?.isWhitespace == true { words.removeLast() }
        fail(.malformed, "not well-formed XML: \(words)")
    }

    private mutating func start(_ name: PushParser.Name, _ space: PushParser.Name?) {
        depth += 1
        if ignored != 0 {
            if depth > PushParser.maximumDepth { fail(.limit, "elements nested too deeply") }
            return
        }
        guard field == .none else { return fail(.field, "an element inside \(field)") }
        switch depth {
        case 3: startField(name, space)
        case 2: startChild(name, space)
        default: startRoot(name, space)
        }
    }

    private mutating func startRoot(_ name: PushParser.Name, _ space: PushParser.Name?) {
        namespace = space
        if name == names.result {
            root = .listing
        } else if name == names.error {
            root = .error
        } else {
            fail(.notAListing, "the answer is no listing of versions but <\(text(of: name))>")
        }
    }

    private mutating func startChild(_ name: PushParser.Name, _ space: PushParser.Name?) {
        if root == .error { return openErrorField(name) }
        if name == names.version || name == names.deleteMarker {
            child = name == names.version ? .version : .marker
            seen &= ~PageState.entryFields
        } else if name == names.commonPrefixes {
            child = .commonPrefixes
        } else if let field = pageField(name) {
            open(field)
        } else {
            ignored = depth
            return
        }
        if space != namespace {
            fail(.field, "<\(text(of: name))> is in another namespace than the listing")
        }
    }

    private mutating func startField(_ name: PushParser.Name, _ space: PushParser.Name?) {
        guard space == namespace else {
            ignored = depth
            return
        }
        if child == .commonPrefixes {
            if name == names.prefix { open(.commonPrefix) } else { ignored = depth }
        } else if name == names.key {
            open(.key)
        } else if name == names.versionID {
            open(.versionID)
        } else if name == names.isLatest {
            open(.isLatest)
        } else if name == names.lastModified {
            open(.lastModified)
        } else if name == names.etag && child == .version {
            open(.etag)
        } else if name == names.size && child == .version {
            open(.size)
        } else {
            ignored = depth
        }
    }

    private func pageField(_ name: PushParser.Name) -> Field? {
        switch name {
        case names.isTruncated: .isTruncated
        case names.encodingType: .encodingType
        case names.name: .name
        case names.prefix: .prefix
        case names.keyMarker: .keyMarker
        case names.versionIDMarker: .versionIDMarker
        case names.nextKeyMarker: .nextKeyMarker
        case names.nextVersionIDMarker: .nextVersionIDMarker
        default: nil
        }
    }

    private mutating func openErrorField(_ name: PushParser.Name) {
        switch name {
        case names.code: open(.code)
        case names.message: open(.message)
        case names.requestID: open(.requestID)
        case names.hostID: open(.hostID)
        default: ignored = depth
        }
    }

    private mutating func open(_ opened: Field) {
        if seen & opened.rawValue != 0 { return fail(.field, "\(opened) occurs twice") }
        seen |= opened.rawValue
        field = opened
        fieldStart = arena.count
    }

    private mutating func text(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        if ignored != 0 || hasFailed { return }
        if field == .none {
            guard UnsafeBufferPointer(start: bytes, count: count).allSatisfy(isWhitespace) else {
                return fail(.malformed, "text between the elements of a listing")
            }
            return
        }
        if arena.count - fieldStart + count > PageState.maximumField {
            return fail(.limit, "\(field) is over \(PageState.maximumField) bytes long")
        }
        arena.append(bytes, count: count)
    }

    private mutating func end() {
        defer { depth -= 1 }
        if ignored != 0 {
            if ignored == depth { ignored = 0 }
        } else if hasFailed {
            return
        } else if field != .none {
            closeField()
            field = .none
        } else if depth == 2 {
            if child != .commonPrefixes { closeEntry() }
            child = .none
        }
    }

    private func text(of name: PushParser.Name) -> String { shortened(String(cString: name)) }

    private static let entryFields: UInt32 =
        Field.key.rawValue | Field.versionID.rawValue | Field.isLatest.rawValue
        | Field.lastModified.rawValue | Field.etag.rawValue | Field.size.rawValue
}

/// What is quoted of a server's words in a message of ours.
func shortened(_ text: String) -> String {
    text.utf8.count <= 80 ? text : String(text.prefix(77)) + "..."
}
