internal import CLibXML2

/// A small answer of S3 as a tree: everything but listings, which are parsed as they arrive.
struct XMLTree {
    /// The element's name without its namespace.
    var name: String
    /// The text directly inside it.
    var text = ""
    /// The elements directly inside it.
    var children: [XMLTree] = []

    /// The first element of this name directly inside.
    subscript(name: String) -> XMLTree? { children.first { $0.name == name } }

    /// The largest answer that is read into a tree, in bytes.
    static let maximumBytes = 4 << 20

    /// Parses a whole document, strictly: no document type, no depth over 64.
    init(
        _ bytes: some Collection<UInt8>, maximumBytes: Int = XMLTree.maximumBytes
    ) throws(XMLProblem) {
        let builder = Builder()
        let state = Unmanaged.passUnretained(builder).toOpaque()
        let parser = PushParser(
            handlers: Builder.handlers, state: state, maximumBytes: maximumBytes)
        builder.context = parser.context
        let bytes = Array(bytes)
        var failure: XMLProblem?
        bytes.withUnsafeBytes { buffer in
            do throws(XMLProblem) { try parser.feed(buffer) } catch { failure = error }
        }
        if let problem = builder.problem ?? failure { throw problem }
        try parser.finish()
        guard let root = builder.root else {
            throw XMLProblem(kind: .empty, message: "the answer is empty")
        }
        self = root
    }

    private init(name: String) { self.name = name }

    /// What the parser's handlers write to.
    private final class Builder {
        var context: xmlParserCtxtPtr?
        var open: [XMLTree] = []
        var root: XMLTree?
        var problem: XMLProblem?

        func stop(_ kind: XMLProblem.Kind, _ message: String) {
            if problem == nil { problem = XMLProblem(kind: kind, message: message) }
            if let context { xmlStopParser(context) }
        }

        func close() {
            guard let element = open.popLast() else { return }
            if open.isEmpty {
                root = element
            } else {
                open[open.count - 1].children.append(element)
            }
        }

        static func of(_ state: UnsafeMutableRawPointer?) -> Builder {
            Unmanaged<Builder>.fromOpaque(state!).takeUnretainedValue()
        }

        static var handlers: xmlSAXHandler {
            PushParser.handlers(
                start: { state, name, _, _, _, _, _, _, _ in
                    let builder = Builder.of(state)
                    if builder.open.count >= PushParser.maximumDepth {
                        return builder.stop(.limit, "the answer is nested too deeply")
                    }
                    builder.open.append(XMLTree(name: String(cString: name!)))
                },
                end: { state, _, _, _ in Builder.of(state).close() },
                text: { state, bytes, count in
                    let builder = Builder.of(state)
                    guard !builder.open.isEmpty, let bytes else { return }
                    let text = UnsafeBufferPointer(start: bytes, count: Int(count))
                    builder.open[builder.open.count - 1].text += String(
                        decoding: text, as: UTF8.self)
                },
                documentType: { state, _, _, _ in
                    Builder.of(state).stop(.malformed, "the answer has a document type")
                })
        }
    }
}

extension ErrorAnswer {
    /// The `Error` document of an answer, or nil where its body is none.
    init?(body: [UInt8]) {
        guard let tree = try? XMLTree(body) else { return nil }
        self.init(tree)
    }

    /// The fields of an `Error` document, or nil for another document.
    init?(_ tree: XMLTree) {
        guard tree.name == "Error" else { return nil }
        self.init(
            code: tree["Code"]?.text ?? "", message: tree["Message"]?.text ?? "",
            requestID: tree["RequestId"]?.text, hostID: tree["HostId"]?.text,
            region: tree["Region"]?.text, serverTime: tree["ServerTime"]?.text)
    }
}
