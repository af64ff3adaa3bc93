// What the daemon sees of the place it was put into. Values only: `DeploymentFacts+Observing.swift`
// fills them in, `Findings.swift` judges them.

package import SystemPackage

package struct DeploymentFacts: Sendable, Equatable {
    /// A folder of the daemon's own, below the state folder.
    package struct Place: Sendable, Equatable {
        package var path: FilePath
        package var owner: Int
        package var isFolder = true
        /// Whether this process may make files in it.
        package var isWritable = true

        package init(path: FilePath, owner: Int) {
            self.path = path
            self.owner = owner
        }
    }

    package enum Readability: Sendable, Equatable { case readable, missing, noFolder, refused }

    /// A folder that manifests may name things in.
    package struct Root: Sendable, Equatable {
        /// The key of the settings that lists it.
        package var key: String
        package var path: FilePath
        package var readability: Readability

        package init(key: String, path: FilePath, readability: Readability) {
            self.key = key
            self.path = path
            self.readability = readability
        }
    }

    /// Where workers are started in units of their own.
    package struct WorkerSocket: Sendable, Equatable {
        package var path: FilePath
        package var isThere: Bool
        package var mayConnect: Bool

        package init(path: FilePath, isThere: Bool, mayConnect: Bool) {
            self.path = path
            self.isThere = isThere
            self.mayConnect = mayConnect
        }
    }

    /// Letters to people that wait.
    package struct WaitingLetters: Sendable, Equatable {
        package var outbox: FilePath
        /// Milliseconds since one was written, or tried, that waits longest.
        package var age: Int

        package init(outbox: FilePath, age: Int) {
            self.outbox = outbox
            self.age = age
        }
    }

    /// Files of another user where only ours belong.
    package struct ForeignFiles: Sendable, Equatable {
        /// The first of them.
        package var example: FilePath
        package var owner: Int
        package var count: Int

        package init(example: FilePath, owner: Int, count: Int) {
            self.example = example
            self.owner = owner
            self.count = count
        }
    }

    /// As whom the daemon runs.
    package var user: Int
    /// How many users' numbers the kernel tells this process apart.
    package var mappedUsers: Int
    /// Whether a service manager started it.
    package var isService: Bool
    package var inbox: Place?
    package var folders: [Place] = []
    package var roots: [Root] = []
    /// The network file system that the index would lie on.
    package var indexNetwork: String?
    package var foreign: ForeignFiles?
    /// Something that is no socket has the name of ours.
    package var socketTakenBy: FilePath?
    package var workerSocket: WorkerSocket?
    /// What the setting `admin_group` says, where no group has that name.
    package var missingAdminGroup: String?
    /// Letters that nobody takes out.
    package var letters: WaitingLetters?

    package init(user: Int, mappedUsers: Int, isService: Bool) {
        self.user = user
        self.mappedUsers = mappedUsers
        self.isService = isService
    }

    /// - Parameter map: the text of /proc/self/uid_map: first number inside, first outside, how
    ///   many, a line each.
    package static func mappedUsers(inMap map: String) -> Int {
        map.split(separator: "\n").reduce(0) { sum, line in
            let words = line.split(separator: " ")
            return sum + (words.count == 3 ? Int(words[2]) ?? 0 : 0)
        }
    }
}
