'use strict';
// What is on the screen, in both languages. A word that is missing here shows
// as its key.
const words = {
  zh: {
    title: '热线值班', enter: '登录', token: '访问令牌', leave: '退出', other: 'English', api: '接口文档',
    hint: '由管理员用 hotline user token 生成。令牌存放在脚本无法读取的 Cookie 中，12 小时后失效。',
    wrongToken: '令牌无效，请向管理员索取新的令牌。', noServer: '连不上服务，请稍后再试。',
    queues: '排队', agents: '坐席', today: '今日', staff: '工号', name: '姓名', state: '状态', duration: '时长', phone: '话机',
    nobody: '无人签入', waitingOne: '人等待', longest: '最长等待', seconds: '秒', nobodyWaits: '无人等待', ringing: '振铃中',
    totalWaiting: n => `共 ${n} 人等待`, asof: t => `截至 ${t}`,
    free: '空闲', offered: '振铃', talking: '通话', 'wrap-up': '话后整理', paused: '示忙', offline: '未签入',
    then: '通话后', 'signing-out': '签出',
    break: '小休', meal: '就餐', callback: '回拨', meeting: '会议', training: '培训', declined: '拒接', 'no-answer': '未接听', 'phone-gone': '话机离线', 'not-rung': '系统未能振铃', recovered: '系统恢复后待确认',
    calls: '来电', offeredCalls: '请求人工', answered: '人工接听', abandoned: '放弃', short: '其中 5 秒内挂断', messages: '留言',
    inTime: '15 秒内接听', ofAnswered: '占人工接听', ofOffered: '占请求人工',
    live: '实时', connecting: '正在连接…', lost: '已断开', signedOut: '未登录',
    alarmLost: s => `与服务的连接已断开 ${s} 秒，以下内容不是最新的。正在重新连接…`,
    alarmStale: '排队数据暂不可用：来电照常排队，但暂不分配坐席。', you: (n, r) => `${n}（${r}）`,
    viewer: '查看', supervisor: '值班长', administrator: '管理员',
  },
  en: {
    title: 'hotline, on duty', enter: 'Sign in', token: 'Access token', leave: 'Sign out', other: '中文', api: 'API',
    hint: 'Made by an administrator with hotline user token. It is kept in a cookie that scripts cannot read, for 12 hours.',
    wrongToken: 'This token is not in force. Ask an administrator for a new one.', noServer: 'The server does not answer. Try again in a moment.',
    queues: 'Queues', agents: 'Agents', today: 'Today', staff: 'Staff no.', name: 'Name', state: 'State', duration: 'For', phone: 'Phone',
    nobody: 'Nobody is signed in', waitingOne: 'waiting', longest: 'longest wait', seconds: 's', nobodyWaits: 'nobody waits', ringing: 'ringing',
    totalWaiting: n => `${n} waiting in all`, asof: t => `as of ${t}`,
    free: 'Free', offered: 'Ringing', talking: 'Talking', 'wrap-up': 'Wrap-up', paused: 'Paused', offline: 'Offline',
    then: 'then', 'signing-out': 'signs out',
    break: 'break', meal: 'meal', callback: 'calling back', meeting: 'meeting', training: 'training', declined: 'declined a call', 'no-answer': 'did not answer', 'phone-gone': 'phone offline', 'not-rung': 'could not be rung', recovered: 'to confirm after a restart',
    calls: 'Calls', offeredCalls: 'Offered', answered: 'Answered', abandoned: 'Abandoned', short: 'of these within 5 s:', messages: 'Messages',
    inTime: 'Answered within 15 s', ofAnswered: 'of answered', ofOffered: 'of offered',
    live: 'Live', connecting: 'Connecting…', lost: 'Disconnected', signedOut: 'Signed out',
    alarmLost: s => `Disconnected from the server for ${s} s. What you see is not up to date. Connecting again…`,
    alarmStale: 'The board is away: callers keep waiting in order, but nobody is offered a call.', you: (n, r) => `${n} (${r})`,
    viewer: 'viewer', supervisor: 'supervisor', administrator: 'administrator',
  },
};
