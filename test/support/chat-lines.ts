/** Lines as people write them in a chat, in Chinese and in English: the same ones in every run. */
import { seeded } from './random.js';

const CHINESE =
  '的 了 吗 我们 你们 今天 服务器 是 在 有 不 套接字 编程 网络 消息 数据库 用户 聊天 连接 断开 中心 控制 认证 写入 城市 区域 问题 可以 没有 什么 怎么 时候 已经 知道 重启 缓冲 发送 接收 阻塞 线程 进程 事件 循环 内核 系统 调用 地址 端口 监听 客户端 多路复用 水平触发 边缘触发 好的 谢谢 再见 和 就 吧 ， 。'.split(
    ' ',
  );
const ENGLISH =
  'the a to is of and it that server client socket poll epoll select message channel user hello thanks bye error timeout connection refused reset buffer send receive thread process event loop kernel system call address port listen accept close read write lol ok yes no maybe tomorrow deploy restart upgrade database history search'.split(
    ' ',
  );
const OTHERS =
  'io_epoll_wait C++ C# .NET ｅｐｏｌｌ EAGAIN https://example.org/a?b=c 😀 👍🏽 𠀀𠀁 カタカナ ひらがな 한국어 naïve café Straße ΟΔΟΣ #42 a.b.c -- "quoted" it\'s ① 第1次 x²'.split(
    ' ',
  );

/** Returns a generator of lines. @param seed - which ones */
export function chatLines(seed: number): () => string {
  const random = seeded(seed);
  // The first words of a list are frequent, the last ones rare.
  const one = (words: readonly string[]): string => words[Math.floor(words.length * random() ** 2)] ?? '';
  return () => {
    const isChinese = random() < 0.6;
    const words = Array.from({ length: 3 + Math.floor(random() * 10) }, () => {
      if (random() < 0.02) return one(OTHERS);
      return one(isChinese === random() < 0.92 ? CHINESE : ENGLISH);
    });
    return words.join(isChinese ? '' : ' ');
  };
}

/** The texts that people search for: frequent and rare, of one character and of many, words and parts of words. */
export const QUERIES = [
  '我们',
  '的',
  '套',
  '断开',
  '缓冲发送',
  '锟斤拷',
  '𠀁',
  '，',
  'epoll',
  'poll',
  'o_ep',
  'e',
  'Th',
  'zq',
  'C++',
  'c#',
  '++',
  '.net',
  'example.org/a?',
  '"quoted"',
  "it's",
  'Ｅpoll',
  'CAFE',
  'café',
  'strasse',
  'οδος',
  '😀',
  '🏽',
  'タカ',
  '국',
  '第1次',
  'poll连',
  '用epoll',
  '连接 reset',
  'the server',
  'a e i o',
  '的 e',
  '#42',
  '1',
  'x2',
  'reset 重启 the',
];
