// What the probes of `layerfold cluster check` mean, and what is to be mended. Pure.

package import Jobs

package struct ClusterFinding: Sendable, Equatable, Encodable {
    package let what: String
    package let isGood: Bool
    /// What was found, or what to mend.
    package let detail: String

    package init(_ what: String, _ isGood: Bool, _ detail: String) {
        self.what = what
        self.isGood = isGood
        self.detail = detail
    }

    private enum CodingKeys: String, CodingKey {
        case what, detail
        case isGood = "is_good"
    }
}

package struct ClusterVerdict {
    /// Clocks may differ by so much: ages of unfinished files are told by the hour.
    private static let clockMilliseconds = 5_000

    private let head: NodeProbe
    private let message: String
    private let tokens: [String: String]
    private let fileMilliseconds: Int

    /// - Parameters:
    ///   - head: what the head sees of the same folders.
    ///   - message: what it wrote for the nodes.
    ///   - tokens: what it wrote in the folders that units write, by their paths.
    ///   - settings: whose `file_seconds` a file may take to be seen.
    package init(
        head: NodeProbe, message: String, tokens: [String: String] = [:],
        settings: ClusterSettings
    ) {
        self.head = head
        self.message = message
        self.tokens = tokens
        fileMilliseconds = Int(settings.fileSeconds * 1_000)
    }

    package func findings(_ answers: [ProbeAnswer]) -> [ClusterFinding] {
        places(of: head, named: "head") + answers.flatMap(findings) + numerics(answers)
    }

    private func findings(_ answer: ProbeAnswer) -> [ClusterFinding] {
        guard let probe = answer.probe else { return [silence(answer)] }
        let name = probe.host
        return [
            program(probe), user(probe), clock(probe, answer),
            ClusterFinding(
                "\(name): what the head writes", probe.message == message,
                probe.message == message
                    ? "is read there"
                    : "is not read there: is the state folder the same, and seen without delay?"),
            delay(probe, answer),
        ] + places(of: probe, named: name, answer)
    }

    private func silence(_ answer: ProbeAnswer) -> ClusterFinding {
        let word = answer.word.isEmpty ? "the queue does not show it" : "it is \(answer.word)"
        let log =
            answer.log.isEmpty
            ? "nothing was printed: is `node_worker` on the node, and the state folder the same?"
            : "the node's last words: \(answer.log)"
        let seconds = (answer.seenAt - answer.sentAt) / 1_000
        return ClusterFinding(
            "\(answer.wanted): a small job", false,
            "left no file in \(seconds) s; \(word); \(log)")
    }

    private func program(_ probe: NodeProbe) -> ClusterFinding {
        let isSame = probe.version == head.version
        return ClusterFinding(
            "\(probe.host): program", isSame,
            isSame
                ? probe.version
                : "\(probe.version), and the head has \(head.version): install the same "
                    + "(`cluster: node_worker` names the nodes')")
    }

    private func user(_ probe: NodeProbe) -> ClusterFinding {
        let missing = Set(head.groups).subtracting(probe.groups).sorted()
        let isSame = probe.user == head.user && probe.group == head.group
        let numbers = "user \(probe.user), group \(probe.group)"
        let detail =
            if !isSame {
                "\(numbers), and \(head.user), \(head.group) at the head: give them the same "
                    + "numbers on all machines"
            } else if !missing.isEmpty {
                "\(numbers), but not in groups \(missing.map(String.init).joined(separator: ", "))"
                    + ", of which the head is: add them on the node"
            } else { numbers }
        return ClusterFinding("\(probe.host): user", isSame && missing.isEmpty, detail)
    }

    /// The node wrote between the head's two times.
    private func clock(_ probe: NodeProbe, _ answer: ProbeAnswer) -> ClusterFinding {
        let late = probe.milliseconds - answer.seenAt
        let early = answer.sentAt - probe.milliseconds
        let isGood = late <= Self.clockMilliseconds && early <= Self.clockMilliseconds
        let seconds = max(late, early) / 1_000
        return ClusterFinding(
            "\(probe.host): clock", isGood,
            isGood
                ? "as the head's"
                : "at least \(seconds) s \(late > early ? "ahead of" : "behind") the head's: let "
                    + "both follow the same time server")
    }

    private func delay(_ probe: NodeProbe, _ answer: ProbeAnswer) -> ClusterFinding {
        let waited = max(0, answer.seenAt - probe.milliseconds)
        let isGood = waited <= fileMilliseconds
        return ClusterFinding(
            "\(probe.host): its files", isGood,
            isGood
                ? "seen at the head"
                : "seen at the head after \(waited / 1_000) s: raise `cluster: file_seconds` "
                    + "above that, or mount with a shorter attribute cache")
    }

    /// - Parameter answer: of a node; nil: it is the head itself.
    private func places(
        of probe: NodeProbe, named name: String, _ answer: ProbeAnswer? = nil
    ) -> [ClusterFinding] {
        probe.places.map { place in
            let what = "\(name): `\(place.path)`"
            if let problem = place.problem { return ClusterFinding(what, false, problem) }
            let own = head.places.first { $0.path == place.path }
            guard place.inode == own?.inode else {
                return ClusterFinding(
                    what, false,
                    "is another folder than the head's: mount the same one under this path")
            }
            if let answer, let problem = unseen(place, answer) {
                return ClusterFinding(what, false, problem)
            }
            return ClusterFinding(what, true, place.network.map { "on \($0)" } ?? "the same")
        }
    }

    /// Why a folder of the same number is another one all the same; nil where each side reads what
    /// the other wrote, or none of them writes there.
    private func unseen(_ place: NodeProbe.Place, _ answer: ProbeAnswer) -> String? {
        let cure =
            "mount the same folder under this path, and let the node see what changes there"
        if let token = tokens[place.path], place.found != token {
            return "what the head writes there is not read on the node: \(cure)"
        }
        if let left = place.left, answer.texts[place.path] != left.text {
            return "what the node writes there is not read at the head: \(cure)"
        }
        return nil
    }

    /// Objects of the one are found by the other only where these agree.
    private func numerics(_ answers: [ProbeAnswer]) -> [ClusterFinding] {
        let probes = answers.compactMap(\.probe)
        guard let first = probes.first else { return [] }
        let others = probes.filter { !$0.numerics.agrees(with: first.numerics) }
        guard !others.isEmpty else {
            return [ClusterFinding("numerics of nodes", true, first.numerics.text)]
        }
        let all = ([first] + others).map { "\($0.host): \($0.numerics.text)" }
        return [
            ClusterFinding(
                "numerics of nodes", false,
                "\(all.joined(separator: "; ")): what the one computes the other computes again; "
                    + "ask for one kind (`cluster: constraint`) and for processors (`cpus`)")
        ]
    }
}
