internal import CLibXML2

/// Why bytes are not a document that we read.
struct XMLProblem: Error, Hashable {
    enum Kind { case empty, malformed, limit }
    var kind: Kind
    var message: String
    var line: Int?
}

/// libxml2's SAX2 push parser: one context, reused from document to document.
///
/// It recovers from no error but those that its owner's handler passes over, and never touches the
/// network. Its owner's handlers refuse every document type declaration, so that there are no
/// entities beyond XML's own five, and keep `maximumDepth` and bound what they store: handlers of
/// our own bypass libxml2's limits.
final class PushParser {
    /// An element's name as the parser hands it out: equal names are equal pointers.
    typealias Name = UnsafePointer<xmlChar>

    /// Elements nested deeper than in any answer of S3.
    static let maximumDepth: Int32 = 64

    /// The parser itself, for handlers that stop it.
    let context: xmlParserCtxtPtr
    private let maximumBytes: Int
    /// Whether the owner is told every error, and stops the parser for those that count.
    private let asksAboutErrors: Bool
    private var fed = 0
    /// Bytes of a byte order mark so far.
    private var marked = 0
    private var failure: XMLProblem?

    private static let initialized: Void = xmlInitParser()

    /// A parser that calls `handlers` with `state`, and takes at most `maximumBytes` a document.
    ///
    /// With `handlers.serror` an error is the end only if that handler stops the parser; without
    /// one, every error is.
    init(handlers: xmlSAXHandler, state: UnsafeMutableRawPointer, maximumBytes: Int) {
        _ = PushParser.initialized
        self.maximumBytes = maximumBytes
        asksAboutErrors = handlers.serror != nil
        var handlers = handlers
        guard let context = xmlCreatePushParserCtxt(&handlers, state, nil, 0, nil) else {
            fatalError("libxml2 is out of memory")
        }
        self.context = context
        let quiet = XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
        let options = asksAboutErrors ? XML_PARSE_RECOVER.rawValue : quiet
        xmlCtxtUseOptions(context, Int32(XML_PARSE_NONET.rawValue | options))
    }

    deinit { xmlFreeParserCtxt(context) }

    /// Handlers for elements, text and a document type declaration; nothing else is looked at.
    static func handlers(
        start: @escaping startElementNsSAX2Func, end: @escaping endElementNsSAX2Func,
        text: @escaping charactersSAXFunc, documentType: @escaping internalSubsetSAXFunc
    ) -> xmlSAXHandler {
        var handlers = xmlSAXHandler()
        handlers.initialized = s3_sax2_magic()
        handlers.startElementNs = start
        handlers.endElementNs = end
        handlers.characters = text
        handlers.cdataBlock = text
        // The same function in both places spares libxml2 the question which spaces matter.
        handlers.ignorableWhitespace = text
        handlers.internalSubset = documentType
        return handlers
    }

    /// The one pointer by which the parser passes this element name.
    func intern(_ name: StaticString) -> Name {
        xmlDictLookup(context.pointee.dict, name.utf8Start, Int32(name.utf8CodeUnitCount))
    }

    /// Parses the next bytes. White space before the document is skipped: a server may send some
    /// to keep the connection alive.
    func feed(_ bytes: UnsafeRawBufferPointer) throws(XMLProblem) {
        if let failure { throw failure }
        var bytes = bytes
        if fed == 0 {
            try skipByteOrderMark(&bytes)
            let start = bytes.firstIndex { !isWhitespace($0) } ?? bytes.endIndex
            bytes = UnsafeRawBufferPointer(rebasing: bytes[start...])
        }
        guard !bytes.isEmpty else { return }
        fed += bytes.count
        if fed > maximumBytes {
            throw fail(
                XMLProblem(kind: .limit, message: "the answer is over \(maximumBytes) bytes"))
        }
        try parse(bytes, last: false)
        // A converter means another encoding than UTF-8, which S3 never uses.
        if context.pointee.input?.pointee.buf?.pointee.encoder != nil {
            throw fail(XMLProblem(kind: .malformed, message: "the answer is not in UTF-8"))
        }
    }

    /// libxml2 finds a byte order mark only if it comes in one piece.
    private func skipByteOrderMark(_ bytes: inout UnsafeRawBufferPointer) throws(XMLProblem) {
        let mark = PushParser.byteOrderMark
        while marked < mark.count, let first = bytes.first, first == mark[marked] {
            marked += 1
            bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        }
        if marked > 0, marked < mark.count, !bytes.isEmpty {
            throw fail(XMLProblem(kind: .malformed, message: "the answer is not in UTF-8"))
        }
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Ends the document; throws unless it was whole.
    func finish() throws(XMLProblem) {
        if let failure { throw failure }
        guard fed > 0 else {
            throw fail(XMLProblem(kind: .empty, message: "the answer is empty"))
        }
        try parse(UnsafeRawBufferPointer(start: nil, count: 0), last: true)
        let isWhole = context.pointee.wellFormed == 1 || asksAboutErrors
        guard isWhole, context.pointee.nsWellFormed == 1 else {
            throw fail(problemOfParser(code: -1))
        }
    }

    /// Makes ready for the next document.
    func reset() {
        fed = 0
        marked = 0
        failure = nil
        xmlCtxtResetPush(context, nil, 0, nil, nil)
    }

    /// The line that is being parsed, from 1.
    var line: Int { context.pointee.input.map { Int($0.pointee.line) } ?? 1 }

    private func parse(_ bytes: UnsafeRawBufferPointer, last: Bool) throws(XMLProblem) {
        s3_silence_thread()
        var rest = bytes
        repeat {
            // libxml2 counts in Int32, and moves what it has not parsed yet with every chunk.
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(PushParser.pieceBytes))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
            let code = xmlParseChunk(
                context, piece.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(piece.count), last ? 1 : 0)
            let isPassedOver = asksAboutErrors && context.pointee.disableSAX == 0
            if code != 0, !isPassedOver { throw fail(problemOfParser(code: code)) }
        } while !rest.isEmpty
    }

    private static let pieceBytes = 64 << 10

    private func problemOfParser(code: Int32) -> XMLProblem {
        var message = s3_last_error_message(context).map { String(cString: $0) } ?? "error \(code)"
        while message.last?.isWhitespace == true { message.removeLast() }
        return XMLProblem(
            kind: .malformed, message: "not well-formed XML: \(message)", line: line)
    }

    private func fail(_ problem: XMLProblem) -> XMLProblem {
        failure = problem
        return problem
    }
}

/// XML's white space.
func isWhitespace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
}
