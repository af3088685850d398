internal import CLibXML2
internal import CivilTime

/// What is known of a page while it is parsed. C code holds a pointer to it.
struct PageState {
    /// The elements that are read, as bits of `seen`.
    enum Field: UInt32 {
        case none = 0
        case key = 1
        case versionID = 2
        case isLatest = 4
        case lastModified = 8
        case etag = 16
        case size = 32
        case name = 64
        case prefix = 128
        case keyMarker = 256
        case versionIDMarker = 512
        case nextKeyMarker = 1024
        case nextVersionIDMarker = 2048
        case isTruncated = 4096
        case encodingType = 8192
        case commonPrefix = 16384
        case code = 32768
        case message = 65536
        case requestID = 131072
        case hostID = 262144
    }

    /// What the element at depth 2 is.
    enum Child { case none, version, marker, commonPrefixes }
    /// What the document is.
    enum Root { case none, listing, error }

    /// Longer than any field that is read: a key has at most 1,024 bytes, each up to three long
    /// when encoded; S3's messages are sentences.
    static let maximumField = 8 << 10

    let context: xmlParserCtxtPtr
    let names: ListingNames
    var arena = ByteArena(capacity: 256 << 10)
    var entries = [VersionPage.Entry]()
    private(set) var problem: ListingProblem?
    /// Whether there is a problem: looking at the whole of it for every element costs a tenth.
    private(set) var hasFailed = false

    var depth: Int32 = 0
    /// The depth of the element that is being ignored with all that it holds; 0 for none.
    var ignored: Int32 = 0
    var root = Root.none
    var namespace: PushParser.Name?
    var child = Child.none
    var field = Field.none
    var fieldStart = 0
    var seen: UInt32 = 0
    /// The fields, as bits, that held characters which XML cannot: they are left out.
    var damaged: UInt32 = 0

    // The entry that is being read.
    var key: Range<UInt32> = 0..<0
    var versionID: Range<UInt32> = 0..<0
    var etag: Range<UInt32> = 0..<0
    var modified = Timestamp(seconds: 0)
    var size: Int64 = 0
    var isLatest = false

    // The page.
    var isTruncated = false
    var isEncoded = false
    var name: [UInt8] = []
    var prefix: [UInt8] = []
    var keyMarker: [UInt8] = []
    var versionIDMarker: [UInt8] = []
    var nextKeyMarker: [UInt8] = []
    var nextVersionIDMarker: [UInt8] = []
    var answer = ErrorAnswer(code: "", message: "")

    init(parser: PushParser) {
        context = parser.context
        names = ListingNames(parser)
    }

    /// Everything but the memory and the names, for the next page.
    mutating func reset() {
        arena.truncate(to: 0)
        entries.removeAll(keepingCapacity: true)
        problem = nil
        hasFailed = false
        depth = 0
        ignored = 0
        root = .none
        namespace = nil
        child = .none
        field = .none
        seen = 0
        damaged = 0
        key = 0..<0
        isTruncated = false
        isEncoded = false
        (name, prefix, keyMarker, versionIDMarker) = ([], [], [], [])
        (nextKeyMarker, nextVersionIDMarker) = ([], [])
        answer = ErrorAnswer(code: "", message: "")
    }

    /// Notes the first problem and stops the parser.
    mutating func fail(_ code: ListingProblem.Code, _ message: String) {
        guard !hasFailed else { return }
        hasFailed = true
        let line = context.pointee.input.map { Int($0.pointee.line) }
        problem = ListingProblem(code, message, line: line)
        xmlStopParser(context)
    }

    func has(_ field: Field) -> Bool { seen & field.rawValue != 0 }

    /// Whether the field came without some of its characters.
    func isDamaged(_ field: Field) -> Bool { damaged & field.rawValue != 0 }
}

/// The names of the elements that are read, as the pointers that the parser hands out.
struct ListingNames {
    let result, error, version, deleteMarker, commonPrefixes: PushParser.Name
    let key, versionID, isLatest, lastModified, etag, size: PushParser.Name
    let name, prefix, keyMarker, versionIDMarker, nextKeyMarker: PushParser.Name
    let nextVersionIDMarker, isTruncated, encodingType: PushParser.Name
    let code, message, requestID, hostID: PushParser.Name

    init(_ parser: PushParser) {
        result = parser.intern("ListVersionsResult")
        error = parser.intern("Error")
        version = parser.intern("Version")
        deleteMarker = parser.intern("DeleteMarker")
        commonPrefixes = parser.intern("CommonPrefixes")
        key = parser.intern("Key")
        versionID = parser.intern("VersionId")
        isLatest = parser.intern("IsLatest")
        lastModified = parser.intern("LastModified")
        etag = parser.intern("ETag")
        size = parser.intern("Size")
        name = parser.intern("Name")
        prefix = parser.intern("Prefix")
        keyMarker = parser.intern("KeyMarker")
        versionIDMarker = parser.intern("VersionIdMarker")
        nextKeyMarker = parser.intern("NextKeyMarker")
        nextVersionIDMarker = parser.intern("NextVersionIdMarker")
        isTruncated = parser.intern("IsTruncated")
        encodingType = parser.intern("EncodingType")
        code = parser.intern("Code")
        message = parser.intern("Message")
        requestID = parser.intern("RequestId")
        hostID = parser.intern("HostId")
    }
}
