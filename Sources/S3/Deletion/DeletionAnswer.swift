/// What a server did of a batch of deletions: every version that was asked for is accounted for.
public struct DeletionAnswer: Hashable, Sendable {
    /// What became of each version, in the order of the request.
    public var fates: [DeletionFate]
    /// Why nothing more may be deleted on this server, if the answer shows that it does not do
    /// what it is asked.
    public var stop: String?

    /// Reads the answer to a batch.
    ///
    /// ```xml
    /// <DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    ///   <Deleted><Key>db/m.sql.gz</Key><VersionId>8kX</VersionId></Deleted>
    ///   <Deleted>
    ///     <Key>db/n.sql.gz</Key><VersionId>7jW</VersionId>
    ///     <DeleteMarker>true</DeleteMarker>
    ///     <DeleteMarkerVersionId>7jW</DeleteMarkerVersionId>
    ///   </Deleted>
    ///   <Error>
    ///     <Key>db/o.sql.gz</Key><VersionId>6iV</VersionId>
    ///     <Code>AccessDenied</Code><Message>Access Denied</Message>
    ///   </Error>
    /// </DeleteResult>
    /// ```
    ///
    /// In verbose mode what is not mentioned is unknown; in quiet mode it is deleted.
    init(
        _ tree: XMLTree, to versions: [ObjectVersion], isQuiet: Bool, requestID: String? = nil
    ) {
        var reading = Reading(versions, requestID)
        for element in tree.children {
            switch element.name {
            case "Deleted": reading.takeDeleted(element)
            case "Error": reading.takeError(element)
            default: break
            }
        }
        fates = reading.fates.map { $0 ?? (isQuiet ? .deleted : .unknown) }
        stop = reading.stop
    }

    init(fates: [DeletionFate], stop: String? = nil) {
        self.fates = fates
        self.stop = stop
    }
}

/// An answer while it is read.
private struct Reading {
    var fates: [DeletionFate?]
    var stop: String?
    private var places: [ObjectVersion: Int] = [:]
    private var placesOfKey: [[UInt8]: [Int]] = [:]
    private let versions: [ObjectVersion]
    private let requestID: String?

    init(_ versions: [ObjectVersion], _ requestID: String?) {
        self.versions = versions
        self.requestID = requestID
        fates = Array(repeating: nil, count: versions.count)
        for (place, version) in versions.enumerated() {
            places[version] = place
            placesOfKey[version.key, default: []].append(place)
        }
    }

    mutating func takeDeleted(_ element: XMLTree) {
        let key = element["Key"].map { Array($0.text.utf8) } ?? []
        let id = element["VersionId"].flatMap { VersionID($0.text) }
        if let id {
            guard let place = places[ObjectVersion(key: key, id: id)] else {
                return stop("reports the deletion of a version that was not asked for", key)
            }
            return note(.deleted, at: place)
        }
        // Some servers leave out the id of the null version.
        if element["DeleteMarker"]?.text != "true",
            let place = places[ObjectVersion(key: key, id: .null)]
        {
            return note(.deleted, at: place)
        }
        stop("ignored the version id and deleted what was current", key)
    }

    mutating func takeError(_ element: XMLTree) {
        let key = element["Key"].map { Array($0.text.utf8) } ?? []
        let fate = DeletionFate(
            code: element["Code"]?.text ?? "", message: element["Message"]?.text ?? "",
            requestID: requestID)
        if let id = element["VersionId"].flatMap({ VersionID($0.text) }) {
            if let place = places[ObjectVersion(key: key, id: id)] { note(fate, at: place) }
        } else if let places = placesOfKey[key], places.count == 1 {
            note(fate, at: places[0])
        }
    }

    /// Two reports that disagree about a version say nothing about it.
    private mutating func note(_ fate: DeletionFate, at place: Int) {
        if let earlier = fates[place], earlier != fate {
            fates[place] = .unknown
        } else {
            fates[place] = fate
        }
    }

    private mutating func stop(_ what: String, _ key: [UInt8]) {
        if stop == nil { stop = "the server \(what): key \(quoted(key))" }
    }
}
