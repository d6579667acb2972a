use super::*;

fn kills(text: &str) -> Vec<OomKill> {
    let mut log = OomLog::new(4096);
    for record in text.lines().filter_map(|line| Record::parse(line.as_bytes())) {
        log.take(&record.text, SystemTime::UNIX_EPOCH + record.at);
    }
    log.told()
}

fn one(text: &str) -> OomKill {
    let mut kills = kills(text);
    assert_eq!(kills.len(), 1, "{kills:?}");
    kills.remove(0)
}

const KILLED: &str = "3,9,40,-;Memory cgroup out of memory: Killed process 7 (x) total-vm:1kB, anon-rss:2kB, \
                      file-rss:3kB, shmem-rss:4kB, UID:0 pgtables:80kB oom_score_adj:0\n";

fn summary(paths: &str, task: &str) -> String {
    format!(
        "6,8,30,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,{paths},task={task},pid=7,uid=0\n"
    )
}

#[test]
fn a_kill_at_a_limit_is_joined() {
    let text = "\
4,357,935181652,-;python3.11 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
6,435,935186292,-;memory: usage 20480kB, limit 20480kB, failcnt 305
6,436,935186296,-;memory+swap: usage 20480kB, limit 9007199254740988kB, failcnt 0
6,437,935186299,-;kmem: usage 232kB, limit 9007199254740988kB, failcnt 0
6,482,935191294,-;[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name
6,483,935191300,-;[  28751]     0 28751     5951     5118     3455     1663         0    81920        0             0 Web  Content
6,485,935191312,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,b/pod,task_memcg=/a,b/pod/app,task=py) total-vm,pid=28751,uid=0
3,486,935191373,-;Memory cgroup out of memory: Killed process 28751 (py) total-vm:1) total-vm:23804kB, anon-rss:13820kB, file-rss:6652kB, shmem-rss:0kB, UID:0
";
    let kill = one(text);
    assert_eq!((kill.pid, kill.cgroup.as_deref()), (28_751, Some("/a,b/pod/app")));
    assert_eq!(kill.by, Culprit::Limit("/a,b/pod".into()));
    assert_eq!(&*kill.comm, "py) total-vm:1");
    assert_eq!(kill.at_limit, Some(AtLimit { usage: 20 << 20, limit: Some(20 << 20), failcnt: 305 }));
    assert_eq!(kill.memsw, Some(AtLimit { usage: 20 << 20, limit: None, failcnt: 0 }));
    assert_eq!(kill.swap, None);
    assert_eq!(kill.victim, [Some(13_820 << 10), Some(6_652 << 10), Some(0)]);
    assert_eq!(kill.tasks, [Task { pid: 28_751, comm: "Web  Content".into(), rss: 5_118 * 4096 }]);
}

#[test]
fn swap_of_v2_is_its_own() {
    let kill = one(&format!(
        "6,1,5,-;swap: usage 30464kB, limit 4096kB, failcnt 2\n{}{KILLED}",
        summary("task_memcg=/a", "x")
    ));
    assert_eq!(kill.swap, Some(AtLimit { usage: 30_464 << 10, limit: Some(4 << 20), failcnt: 2 }));
    assert_eq!((kill.memsw, kill.by), (None, Culprit::SomeLimit));
}

#[test]
fn paths_and_names_that_look_like_the_line_itself_are_told_apart() {
    for (limited, cgroup, comm) in [
        ("/a", "/a/b", "x"),
        ("/a,task_memcg=/a", "/a,task_memcg=/a/b", "x"),
        ("/a,oom_memcg=/b", "/a,oom_memcg=/b/c,task_memcg=/d", "x"),
        ("/a,task=b,pid=1,uid=0", "/a,task=b,pid=1,uid=0/c", "x"),
        ("/a", "/a/c,task=b", ",task=y"),
        ("/", "/a b", "x y"),
        ("/", "/é", "x,pid=1,uid=0"),
    ] {
        let text = format!("{}{KILLED}", summary(&format!("oom_memcg={limited},task_memcg={cgroup}"), comm));
        let kill = one(&text.replace("(x)", &format!("({comm})")));
        assert_eq!((kill.cgroup.as_deref(), &*kill.comm), (Some(cgroup), comm), "{limited}");
        assert_eq!(kill.by, Culprit::Limit(limited.into()), "{cgroup}");
    }
}

#[test]
fn escapes_become_what_they_were() {
    let escaped = r"oom_memcg=/machine.slice/machine-nsp\x5cx2d1.scope,task_memcg=/machine.slice/machine-nsp\x5cx2d1.scope/\xc3\xa9\xff";
    let kill = one(&format!("{}{KILLED}", summary(escaped, "x")));
    assert_eq!(kill.cgroup.as_deref(), Some("/machine.slice/machine-nsp\\x2d1.scope/é\\377"), "as in the tree");
    assert_eq!(kill.by, Culprit::Limit("/machine.slice/machine-nsp\\x2d1.scope".into()));
}

#[test]
fn what_others_write_into_the_log_is_no_kill() {
    // Facility 3, "daemon": a logger that forwards what a container printed.
    let forged = KILLED.replace("3,9,40", "30,9,40");
    assert_eq!(kills(&forged), []);
    assert_eq!(kills("6,9,40,-;audit: Killed process 7 (x) total-vm:1kB, anon-rss:2kB\n"), []);
}

#[test]
fn a_kill_whose_summary_was_not_logged_is_one_still() {
    let host = KILLED.replace("Memory cgroup out", "Out").replace("process 7", "process 8");
    let told: Vec<_> = kills(&format!("{KILLED}{host}")).into_iter().map(|k| (k.pid, k.cgroup, k.by)).collect();
    assert_eq!(told, [(7, None, Culprit::SomeLimit), (8, None, Culprit::Host)]);
    let named = format!("6,1,5,-;Memory cgroup stats for /pod/app:\n{KILLED}");
    assert_eq!(one(&named).by, Culprit::Limit("/pod/app".into()));
}

#[test]
fn the_host_is_told_apart() {
    let kill =
        one(&format!("{}{}", summary("global_oom,task_memcg=/docker/x", "x"), KILLED.replace("Memory cgroup o", "O")));
    assert_eq!((kill.by, kill.cgroup.as_deref()), (Culprit::Host, Some("/docker/x")));
    let itself = KILLED.replace("Memory cgroup out of memory", "Out of memory (oom_kill_allocating_task)");
    assert_eq!(one(&itself).by, Culprit::Host);
}

#[test]
fn old_kernels_are_understood() {
    let four = "\
6,1,5,-;Task in /docker/a killed as a result of limit of /docker
3,3,5,-;Memory cgroup out of memory: Kill process 11 (old) score 900 or sacrifice child
3,4,5,-;Killed process 11 (old) total-vm:1kB, anon-rss:2kB, file-rss:0kB, shmem-rss:0kB
";
    let kill = one(four);
    assert_eq!((kill.cgroup.as_deref(), kill.by), (Some("/docker/a"), Culprit::Limit("/docker".into())));
    let three = "3,4,5,-;Killed process 12, UID 0, (a b) total-vm:1kB, anon-rss:2kB, file-rss:0kB\n";
    let kill = one(three);
    assert_eq!((kill.pid, &*kill.comm, kill.victim), (12, "a b", [Some(2048), Some(0), None]));
}

#[test]
fn a_summary_that_another_record_cut_in_two_is_whole() {
    let whole = summary("oom_memcg=/a,task_memcg=/a/b", "x");
    let (head, tail) = whole.split_once(",oom_memcg").unwrap();
    let text = format!("{head}\n4,8,31,-;eth0: link is up\n6,8,32,c;,oom_memcg{tail}{KILLED}");
    assert_eq!(one(&text).cgroup.as_deref(), Some("/a/b"));
}

#[test]
fn a_summary_may_come_late() {
    let kill = one(&format!("{KILLED}{}", summary("oom_memcg=/a,task_memcg=/a/b", "x")));
    assert_eq!((kill.cgroup.as_deref(), kill.by), (Some("/a/b"), Culprit::Limit("/a".into())));
}

/// A group of three in /c, as 6.1 tells it, and 200 ms later another kill without a header.
#[test]
fn the_victim_of_a_group_is_killed_once_and_the_next_victim_is_no_member() {
    let killed = |at: u64, pid: u32| {
        KILLED.replace("3,9,40", &format!("3,9,{at}")).replace("process 7", &format!("process {pid}"))
    };
    let text = [
        summary("oom_memcg=/c,task_memcg=/c/inner", "x"),
        killed(40, 7),
        "6,3,50,-;Tasks in /c are going to be killed due to memory.oom.group set\n".to_owned(),
        killed(600, 8),
        killed(1_200, 7),
        killed(17_000, 9),
        killed(217_000, 10),
    ];
    let told: Vec<_> = kills(&text.concat()).into_iter().map(|kill| (kill.pid, kill.cgroup, kill.part)).collect();
    let group = || Some("/c".into());
    assert_eq!(
        told,
        [
            (7, Some("/c/inner".into()), Part::Chosen),
            (8, group(), Part::Member),
            (7, group(), Part::Again),
            (9, group(), Part::Member),
            (10, None, Part::Chosen),
        ]
    );
}

#[test]
fn what_was_overwritten_is_not_joined_with_what_comes_after() {
    let mut log = OomLog::new(4096);
    let take = |log: &mut OomLog, text: &str| log.take(text, SystemTime::UNIX_EPOCH);
    take(&mut log, "memory: usage 1kB, limit 1kB, failcnt 1");
    take(&mut log, "Tasks in /c are going to be killed due to memory.oom.group set");
    log.interrupted();
    take(&mut log, "Memory cgroup out of memory: Killed process 7 (x) total-vm:1kB, anon-rss:2kB, file-rss:0kB");
    let kills = log.told();
    assert_eq!((kills[0].at_limit, kills[0].part), (None, Part::Chosen));
}

#[test]
fn only_the_largest_tasks_are_kept() {
    let head = "6,1,5,-;[ pid ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name";
    let task =
        |pid| format!("6,1,5,-;[{pid:5}]     0 {pid:5}     5951     {} 81920        0             0 t", pid * 7 % 101);
    let text = [head.to_owned()].into_iter().chain((1..=100).map(task)).collect::<Vec<_>>().join("\n");
    let tasks = one(&format!("{text}\n{KILLED}")).tasks;
    let rss: Vec<u64> = tasks.iter().map(|task| task.rss / 4096).collect();
    assert_eq!(rss, (91..=100).rev().collect::<Vec<u64>>());
}

#[test]
fn what_is_no_record_is_none() {
    for bytes in [&b""[..], b";", b"6,1;x", b"6,1,x,-;y", b"\xff", b" KEY=value"] {
        assert_eq!(Record::parse(bytes), None, "{bytes:?}");
    }
    assert_eq!(
        Record::parse(b"6,1,2000000,-;a;b\n KEY=v").map(|record| (record.sequence, record.at, record.text)),
        Some((1, Duration::from_secs(2), "a;b".into()))
    );
}
