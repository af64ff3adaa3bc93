// What `layerfold cluster check` lets a node look at, and what it says: files in a folder that head
// and node share.

package import Jobs

package struct ProbeRequest: Sendable, Equatable, Codable {
    package static let bytesMax = 1_048_576

    package var token: String
    /// Absolute paths of folders that units read.
    package var read: [String]
    /// Of folders that units write.
    package var written: [String]
    /// A file of the head's, whose text the node has to read.
    package var message: String

    package init(token: String, read: [String], written: [String], message: String) {
        self.token = token
        self.read = read
        self.written = written
        self.message = message
    }
}

/// What a machine sees: a node, or the head, which is looked at in the same way.
package struct NodeProbe: Sendable, Equatable, Codable {
    package static let bytesMax = 1_048_576

    package struct Place: Sendable, Equatable, Codable {
        package var path: String
        /// The same on all machines that see the same folder; nil where it cannot be opened.
        package var inode: UInt64?
        /// Why it cannot be read, or written where that was asked.
        package var problem: String?
        /// Of the network file system that it lies on.
        package var network: String?
        /// Of a folder that units write: the text that the head left there, as it is read here.
        package var found: String?
        /// Of such a folder: the file that this machine left there.
        package var left: Left?

        package init(
            path: String, inode: UInt64?, problem: String?, network: String?,
            found: String? = nil, left: Left? = nil
        ) {
            self.path = path
            self.inode = inode
            self.problem = problem
            self.network = network
            self.found = found
            self.left = left
        }
    }

    /// A file for the head.
    package struct Left: Sendable, Equatable, Codable {
        package var name: String
        package var text: String

        package init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    package var token: String
    package var host: String
    /// Of the program.
    package var version: String
    package var user: Int
    package var group: Int
    package var groups: [Int]
    /// When it was written, by the machine's own clock: milliseconds since 1970.
    package var milliseconds: Int
    package var numerics: UnitNumerics
    /// The head's text; nil where it could not be read.
    package var message: String?
    package var places: [Place]

    package init(
        token: String, host: String, version: String, user: Int, group: Int, groups: [Int],
        milliseconds: Int, numerics: UnitNumerics, message: String?, places: [Place]
    ) {
        self.token = token
        self.host = host
        self.version = version
        self.user = user
        self.group = group
        self.groups = groups
        self.milliseconds = milliseconds
        self.numerics = numerics
        self.message = message
        self.places = places
    }
}

/// What came of one probe that was sent.
package struct ProbeAnswer: Sendable, Equatable {
    /// For people: the node that was asked for, or that any would do.
    package var wanted: String
    /// nil where none came.
    package var probe: NodeProbe?
    /// Milliseconds since 1970 by the head's clock: when it was sent, and when its file was seen.
    package var sentAt: Int
    package var seenAt: Int
    /// What the head read of the files that the node left, by the folder's path.
    package var texts: [String: String]
    /// The queue's last word and reason; empty where it said nothing.
    package var word: String
    /// The end of what was printed on the node.
    package var log: String

    package init(
        wanted: String, probe: NodeProbe?, sentAt: Int, seenAt: Int,
        texts: [String: String] = [:], word: String, log: String
    ) {
        self.wanted = wanted
        self.probe = probe
        self.sentAt = sentAt
        self.seenAt = seenAt
        self.texts = texts
        self.word = word
        self.log = log
    }
}

extension Submission {
    /// As of a unit, but the program only looks around.
    package var probeScript: String {
        script(running: [worker, "cluster", "probe", "--request", request, "--answer", outcome])
    }
}
