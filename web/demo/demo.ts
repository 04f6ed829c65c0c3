const tag = document.createElement('script');
tag.src = '/widget.js';
tag.dataset.botId = 'support';
tag.dataset.botName = 'Halden Assistant';
document.head.append(tag);
export {};
